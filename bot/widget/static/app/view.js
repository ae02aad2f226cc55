/* What every view uses. */

export const h = React.createElement;

/* {language, say, clock} of the page's present language. */
export const Words = React.createContext(null);

/* The time in milliseconds, renewed every `everyMs`. */
export function useNow(everyMs) {
  const [now, setNow] = React.useState(Date.now());
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
