/* Where the customer writes and adds photos. */

import { DRAWABLE } from "./photo.js";
import { h, Words } from "./view.js";

const { Icon, Input } = ChatUI;

const MAX_CHARACTERS = 500;
const COUNT_FROM = 400;
const MAX_FILES = 5;
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const FILE_TYPES = ".jpg,.jpeg,.png,.gif,.webp,.heic,.pdf";

export function Composer({ chat, state }) {
  const { say } = React.useContext(Words);
  const [text, setText] = React.useState("");
  const [files, setFiles] = React.useState([]);
  const [problem, setProblem] = React.useState("");
  const input = React.useRef(null);
  const count = [...text].length;
  const isTooLong = count > MAX_CHARACTERS;
  const canSend = !isTooLong && (text.trim() !== "" || files.length > 0);

  const send = () => {
    if (!canSend) return;
    files.forEach((file) => chat.sendFile(file));
    if (text.trim()) chat.sendText(text.trim());
    setText("");
    setFiles([]);
    setProblem("");
    input.current.focus();
  };
  const onKeyDown = (event) => {
    // Enter that picks a word of a Chinese input method is not a wish to send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const addFiles = (chosen) => {
    const wrong = chosen.map((file) => fileProblem(file, say)).find(Boolean);
    const all = [...files, ...chosen.filter((file) => !fileProblem(file, say))];
    setProblem(wrong || (all.length > MAX_FILES ? say("fileCount", { limit: MAX_FILES }) : ""));
    setFiles(all.slice(0, MAX_FILES));
    input.current.focus();
  };
  const askForPerson = () => chat.sendText(say("personRequest"));

  return h("form", { className: "Composer", onSubmit: (event) => { event.preventDefault(); send(); } },
    state.owner === "bot" && h("div", { className: "Composer-tools" },
      h("button", { type: "button", className: "Pill", onClick: askForPerson }, h(Icon, { type: "person" }), say("person"))),
    problem && h("p", { className: "Composer-problem", role: "alert" }, problem),
    files.length > 0 && h(Picked, { files, remove: (file) => setFiles(files.filter((each) => each !== file)) }),
    h("div", { className: "Composer-box" },
      h(FileButton, { addFiles }),
      h(Input, { id: "composer", className: "Composer-input", ref: input, value: text, onChange: setText, onKeyDown,
        autoSize: true, rows: 1, maxRows: 5, enterKeyHint: "send", placeholder: say("placeholder"), "aria-label": say("input"),
        "aria-describedby": "composer-count", "aria-invalid": isTooLong }),
      h("button", { type: "submit", className: "Composer-send", disabled: !canSend, "aria-label": say("send") },
        h(Icon, { type: "send" }))),
    h("p", { id: "composer-count", className: "Composer-count", role: "status", "data-over": isTooLong },
      isTooLong ? say("tooLong", { count, limit: MAX_CHARACTERS })
        : count >= COUNT_FROM && say("count", { count, limit: MAX_CHARACTERS })));
}

/* One clear sentence, or null. The server looks at the content again. */
function fileProblem(file, say) {
  const name = file.name;
  const isKnown = FILE_TYPES.split(",").some((ending) => name.toLowerCase().endsWith(ending));
  if (!isKnown) return say("fileType", { name });
  if (!file.size) return say("fileEmpty", { name });
  return file.size > MAX_FILE_BYTES ? say("fileSize", { name }) : null;
}

function FileButton({ addFiles }) {
  const { say } = React.useContext(Words);
  const picker = React.useRef(null);
  const onChange = (event) => {
    addFiles([...event.target.files]);
    event.target.value = ""; // the same file may be chosen again after it was removed
  };
  return h(React.Fragment, null,
    h("input", { ref: picker, type: "file", accept: FILE_TYPES, multiple: true, hidden: true, onChange }),
    h("button", { type: "button", className: "RoundButton", onClick: () => picker.current.click(), "aria-label": say("photo") },
      h(Icon, { type: "photo" })));
}

function Picked({ files, remove }) {
  const { say } = React.useContext(Words);
  const sources = usePreviews(files);
  const item = (file) =>
    h("li", { key: `${file.name}-${file.lastModified}-${file.size}` },
      DRAWABLE.test(file.type) ? h("img", { src: sources.get(file), alt: file.name })
        : h("span", { className: "FileName" }, h(Icon, { type: "file" }), file.name),
      h("button", { type: "button", className: "RoundButton", onClick: () => remove(file),
        "aria-label": say("removeFile", { name: file.name }) }, h(Icon, { type: "close" })));
  return h("ul", { className: "Picked", "aria-label": say("photoPicked") }, files.map(item));
}

/* Addresses of the files' pictures; given back when the strip goes. */
function usePreviews(files) {
  const sources = React.useRef(new Map()).current;
  files.filter((file) => !sources.has(file)).forEach((file) => sources.set(file, URL.createObjectURL(file)));
  React.useEffect(() => () => sources.forEach((source) => URL.revokeObjectURL(source)), []);
  return sources;
}
