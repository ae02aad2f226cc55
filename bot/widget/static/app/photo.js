/* A sent photo or PDF. The picture comes through the session (an <img> could not carry the token). */

import { downloadFile } from "./api.js";
import { h, Words } from "./view.js";

const { Icon } = ChatUI;

/* What every browser can draw; HEIC and PDF show their name. */
export const DRAWABLE = /^image\/(jpeg|png|gif|webp)$/;

export function Photo({ file, preview }) {
  const { say } = React.useContext(Words);
  const [source, setSource] = React.useState(preview || null);
  const isDrawable = DRAWABLE.test(file.media_type);

  React.useEffect(() => {
    if (source || !isDrawable) return;
    downloadFile(file.id).then((blob) => setSource(URL.createObjectURL(blob)), () => {});
  }, [file.id]);

  if (isDrawable && source) return h("img", { className: "Photo", src: source, alt: say("photoAlt", { name: file.name }) });
  return h("span", { className: "FileName" }, h(Icon, { type: isDrawable ? "photo" : "file" }), file.name);
}
