import './style/base.css';
import './style/lobby.css';
import './style/call.css';
import './style/chat.css';
import { Call } from './call';
import { explain, explainEnd } from './explanation';
import { type Entry, Lobby } from './lobby';
import { element } from './page';
import { invitation, keepInAddress } from './room';

const view = element('call', HTMLDivElement);
const title = element('title', HTMLHeadingElement);
const invite = element('invite', HTMLButtonElement);
const lobby = new Lobby(enter);
let call: Call | undefined;

async function enter(entry: Entry): Promise<void> {
  const next = new Call(entry, ended);
  try {
    await next.join();
  } catch (error) {
    lobby.show(explain(error));
    return;
  }
  call = next;
  keepInAddress(entry.room);
  open(entry.room);
  await next.start();
}

function open(room: string): void {
  lobby.hide();
  view.hidden = false;
  title.textContent = room;
  document.title = `${room} · Muster`;
  invite.onclick = () => void copy(invitation(room));
  title.focus();
}

function ended(reason: string): void {
  call = undefined;
  view.hidden = true;
  document.title = 'Muster';
  lobby.show(explainEnd(reason));
}

async function copy(address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address);
    invite.textContent = 'Link copied';
  } catch {
    prompt('Send this address to the others:', address);
  }
  setTimeout(() => (invite.textContent = 'Copy link'), 2000);
}

// Without this the others would see a frozen picture until the server gives up waiting.
window.addEventListener('pagehide', () => call?.leave());
