/** The element of index.html with this id, checked for its kind. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html holds no ${kind.name} with the id "${id}"`);
  return found;
}

/** Shows `text` in `target`, or hides `target` when there is nothing to say. */
export function say(target: HTMLElement, text: string): void {
  target.textContent = text;
  target.hidden = text === '';
}
