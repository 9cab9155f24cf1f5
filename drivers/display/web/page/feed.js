// Snapshots from the server, as long as the page can be seen.

const AGAIN_MS = 1000;

export class Feed {
  constructor(onInspection) {
    this.onInspection = onInspection;
    this.socket = undefined;
    document.addEventListener("visibilitychange", () => document.hidden ? this.close() : this.open());
    this.open();
  }

  open() {
    if (this.socket !== undefined) return;
    const socket = new WebSocket(new URL("inspect", location.href.replace(/^http/, "ws")));
    this.socket = socket;
    socket.onmessage = ({ data }) => this.onInspection(JSON.parse(data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      setTimeout(() => document.hidden || this.open(), AGAIN_MS);
    };
  }

  close() {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }
}
