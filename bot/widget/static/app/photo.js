/* A photo or PDF in the chat. The picture comes through the session (an <img> could not carry the token). */

import { downloadFile } from "./api.js";
import { h, Words } from "./view.js";

const { Icon } = ChatUI;

/* What every browser can draw; of HEIC and PDF the name is shown, by which they are saved. */
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
  const save = () => downloadFile(file.id).then((blob) => saveAs(file.name, blob), () => {});
  return h("button", { type: "button", className: "FileName", disabled: !file.id, onClick: save },
    h(Icon, { type: isDrawable ? "photo" : "file" }), file.name);
}

function saveAs(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
