/**
 * `System`: one miniature kernel: devices, nodes, processes, time. Nothing is global; two systems never meet.
 * @module
 */

import { O_EXCL } from "../uapi/fcntl.ts";
import type { Poller } from "./bus.ts";
import { type Clock, RealClock } from "./clock.ts";
import { DebugFolder, debugfsPath } from "./debugfs.ts";
import { addDeviceDebugfs, removeDeviceDebugfs } from "./debugfs_device.ts";
import { openDebugfs } from "./debugfs_file.ts";
import { addSystemDebugfs } from "./debugfs_sync.ts";
import { Device } from "./device.ts";
import type { Driver } from "./driver.ts";
import type { DmaBuf } from "./dma_buf.ts";
import { DrmFile } from "./drm_file.ts";
import { DrmError, EINTR } from "./error.ts";
import { Faults } from "./fault.ts";
import { FenceContexts } from "./fence.ts";
import type { File } from "./file.ts";
import { Quota } from "./id_table.ts";
import type { PanicOptions } from "./kms/panic.ts";
import type { InputDevice } from "./input.ts";
import { BudgetAllocator, heapAllocator, type PageAllocator } from "./memory.ts";
import { LocalProcess, type Process, type ProcessOptions } from "./process.ts";
import { SwSyncFile, type SwTimeline } from "./sw_sync.ts";
import { Trace } from "./trace.ts";
import { UdmabufDevice } from "./udmabuf.ts";
import type { Wait } from "./wait.ts";

/** What a system is made of. */
export interface SystemOptions {
  /** Time; real by default. A clock serves one system. */
  readonly clock?: Clock;
  /** Where backing store comes from; ArrayBuffers by default. */
  readonly pages?: PageAllocator;
  /** Bytes of backing store alive at once, default 16 GiB; ENOMEM beyond. */
  readonly memoryLimit?: number;
  /** GEM, syncobj and KMS ids of all clients together, default 2^21; ENOMEM beyond. */
  readonly idLimit?: number;
}

/** Opens a node for a process. Throws DrmError. */
export type NodeOpen = (task: Process, flags: number) => File;

/** A device came, went, or says that something about it changed: the counterpart of a uevent. */
export interface Uevent {
  /** What happened. */
  readonly action: "add" | "remove" | "change";
  /** To which device. */
  readonly device: Device;
  /** More, as in the kernel's message: HOTPLUG=1, CONNECTOR=3. */
  readonly properties: Readonly<Record<string, string>>;
  /** Of "remove": the driver has gone, the hardware stays (`System.unbind`). */
  readonly unbound?: boolean;
}

/** Hears of an input device that came or went. */
export type InputListener = (action: "add" | "remove", input: InputDevice) => void;

const RENDER_BASE = 128;

/** One miniature kernel. */
export class System implements Disposable {
  /** Time. */
  readonly clock: Clock;
  /** Where backing store comes from. */
  readonly pages: PageAllocator;
  /** What clients' handle tables may hold together. */
  readonly ids: Quota;
  /** The event stream. */
  readonly trace: Trace = new Trace();
  /** Injected faults. */
  readonly faults: Faults = new Faults();
  /** What is mounted at /sys/kernel/debug. */
  readonly debugfs: DebugFolder = new DebugFolder();
  /** Files of sysfs whose contents are made when they are opened, below /sys. */
  readonly sysfs: DebugFolder = new DebugFolder();
  /** Live dma-bufs, for debugfs. */
  readonly dmaBufs: Set<DmaBuf> = new Set();
  /** Live timelines of sw_sync, for debugfs. */
  readonly swTimelines: Set<SwTimeline> = new Set();
  /** Input devices that are there. */
  readonly inputs: Set<InputDevice> = new Set();
  /** Fence timelines. */
  readonly fenceContexts: FenceContexts = new FenceContexts();
  readonly #devices: (Device | undefined)[] = [];
  // Their numbers stay taken as long as clients have files of them open (drm_minor_release).
  #unplugged: Device[] = [];
  // Without their drivers, which may come back.
  readonly #unbound = new Set<Device>();
  readonly #nodes = new Map<string, NodeOpen>();
  readonly #processes = new Set<LocalProcess>();
  readonly #pollers: Poller[] = [];
  #completionFds: readonly number[] = [];
  readonly #ueventListeners = new Set<(event: Uevent) => void>();
  readonly #inputListeners = new Set<InputListener>();
  #pid = 1000;
  #inode = 0;
  #input = 0;
  #waiting = 0;
  #driving = false;
  #wakeDrive: (() => void) | undefined;

  /** A system without devices and clients. @param options clock and memory. */
  constructor(options: SystemOptions = {}) {
    this.clock = options.clock ?? new RealClock();
    this.ids = new Quota(options.idLimit ?? 1 << 21);
    this.pages = new BudgetAllocator(options.pages ?? heapAllocator(), options.memoryLimit ?? 16 * 2 ** 30);
    this.clock.onEarlier = () => this.#wakeDrive?.();
    addSystemDebugfs(this);
    this.addNode("/dev/sw_sync", (task, flags) => new SwSyncFile(task, flags));
    this.addNode("/dev/udmabuf", (task, flags) => new UdmabufDevice(task, flags));
  }

  /** Live devices, by card number. */
  get devices(): readonly Device[] {
    return this.#devices.filter((device) => device !== undefined);
  }

  /** Paths of all nodes. */
  get nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** drm_dev_register: probes a driver's device and makes its nodes. Throws what `probe` throws. */
  addDevice(driver: Driver): Device {
    this.#unplugged = this.#unplugged.filter(({ files }) => files.size > 0);
    let card = 0;
    while (this.#devices[card] !== undefined || this.#unplugged.some((gone) => gone.card === card)) card++;
    const hasRender = driver.spec.features.includes("RENDER");
    let render: number | undefined;
    if (hasRender) {
      render = RENDER_BASE;
      while (this.#nodes.has(`/dev/dri/renderD${render}`) || this.#unplugged.some((gone) => gone.render === render)) {
        render++;
      }
    }
    const device = new Device(this, driver, card, render);
    device.priv = driver.spec.probe?.(device);
    this.#devices[card] = device;
    const open = (isRender: boolean): NodeOpen => (task, flags) => {
      device.enter();
      if ((flags & O_EXCL) !== 0) {
        throw new DrmError("EBUSY", "Cannot open a DRM node exclusively");
      }
      return new DrmFile(device, task, isRender, flags);
    };
    this.addNode(`/dev/dri/card${card}`, open(false));
    if (render !== undefined) this.addNode(`/dev/dri/renderD${render}`, open(true));
    addDeviceDebugfs(device);
    device.register();
    this.uevent({ action: "add", device, properties: {} });
    return device;
  }

  /**
   * device_driver_detach: for clients as `removeDevice`, but the hardware stays, and `bind` gives it its driver back.
   *
   * @throws {DrmError} ENODEV if it is no live device.
   */
  unbind(device: Device): void {
    if (this.#devices[device.card] !== device) throw new DrmError("ENODEV", `Cannot unbind ${device.name}: it is gone`);
    this.#unbound.add(device);
    this.#remove(device, true);
  }

  /** device_driver_attach: probes anew what was unbound. Throws ENODEV, and what `probe` throws. @returns the new device. */
  bind(device: Device): Device {
    if (!this.#unbound.delete(device)) throw new DrmError("ENODEV", `Cannot bind ${device.name}: it is not unbound`);
    try {
      return this.addDevice(device.driver);
    } catch (error) {
      this.#unbound.add(device);
      throw error;
    }
  }

  /** drm_dev_unplug: the nodes go, open files answer ENODEV from now on (A14). Of an unbound device the hardware goes. */
  removeDevice(device: Device): void {
    if (this.#unbound.delete(device)) this.uevent({ action: "remove", device, properties: {} });
    else if (this.#devices[device.card] === device) this.#remove(device, false);
  }

  #remove(device: Device, unbound: boolean): void {
    this.#devices[device.card] = undefined;
    this.#unplugged.push(device);
    this.#nodes.delete(`/dev/dri/card${device.card}`);
    if (device.render !== undefined) this.#nodes.delete(`/dev/dri/renderD${device.render}`);
    device.unplug();
    removeDeviceDebugfs(device);
    device.kms?.unplug();
    device.driver.spec.remove?.(device);
    this.uevent({ action: "remove", device, properties: {}, unbound });
  }

  /** A panic: every device that can shows it. @returns on how many planes. */
  panic(description: string, options?: PanicOptions): number {
    return this.devices.reduce((sum, device) => sum + device.panic(description, options), 0);
  }

  /** Makes a node. Throws EEXIST. */
  addNode(path: string, open: NodeOpen): void {
    if (this.#nodes.has(path)) throw new DrmError("EEXIST", `Cannot make ${path}: it exists`);
    this.#nodes.set(path, open);
  }

  /** Takes a node away; open files stay. Harmless for one that is not there. */
  removeNode(path: string): void {
    this.#nodes.delete(path);
  }

  /** Opens a node, or a file of debugfs or sysfs, for a process; the caller owns the reference. Throws ENOENT, and what the node says. */
  open(task: Process, path: string, flags: number): File {
    const debug = debugfsPath(path);
    if (debug !== undefined) return openDebugfs(this.debugfs, debug, task, flags);
    if (path.startsWith("/sys/")) return openDebugfs(this.sysfs, path.slice(5), task, flags);
    const open = this.#nodes.get(path);
    if (open === undefined) {
      throw new DrmError("ENOENT", `Cannot open ${path}: this system has ${this.nodes.join(", ")}`);
    }
    return open(task, flags);
  }

  /** A new client in this isolate. */
  process(options?: ProcessOptions): LocalProcess {
    const process = new LocalProcess(this, options);
    this.#processes.add(process);
    return process;
  }

  /** Called by a client that ends. */
  forget(process: LocalProcess): void {
    this.#processes.delete(process);
  }

  /** A process id that nobody has. */
  nextPid(): number {
    return this.#pid++;
  }

  /** An inode number that no dma-buf has. */
  nextInode(): number {
    return ++this.#inode;
  }

  /** Looks at `poller` whenever the system is pumped, until disposed. */
  addPoller(poller: Poller): Disposable {
    this.#pollers.push(poller);
    this.#gatherFds();
    return {
      [Symbol.dispose]: () => {
        const index = this.#pollers.indexOf(poller);
        if (index >= 0) this.#pollers.splice(index, 1);
        this.#gatherFds();
      },
    };
  }

  #gatherFds(): void {
    this.#completionFds = [...new Set(this.#pollers.flatMap(({ completionFd }) => completionFd ?? []))];
  }

  /** Eventfds that count when `pump` may complete something ({@linkcode Poller.completionFd}); another list when others come or go. */
  get completionFds(): readonly number[] {
    return this.#completionFds;
  }

  /** Hears of devices that come, go and change, until disposed. */
  onUevent(listener: (event: Uevent) => void): Disposable {
    this.#ueventListeners.add(listener);
    return { [Symbol.dispose]: () => this.#ueventListeners.delete(listener) };
  }

  /** Tells that a device came, went or changed. */
  uevent(event: Uevent): void {
    for (const listener of [...this.#ueventListeners]) listener(event);
  }

  /** A number that no input device ever had: N of inputN. */
  nextInput(): number {
    return this.#input++;
  }

  /** An input device is there. For input devices. */
  addInput(input: InputDevice): void {
    this.inputs.add(input);
    for (const listener of [...this.#inputListeners]) listener("add", input);
  }

  /** An input device is gone. For input devices. */
  removeInput(input: InputDevice): void {
    if (!this.inputs.delete(input)) return;
    for (const listener of [...this.#inputListeners]) listener("remove", input);
  }

  /** Hears of input devices that come and go, until disposed. */
  onInput(listener: InputListener): Disposable {
    this.#inputListeners.add(listener);
    return { [Symbol.dispose]: () => this.#inputListeners.delete(listener) };
  }

  /** Whether `pump` may have something to do. */
  get pending(): boolean {
    return this.clock.next !== Infinity || this.busy;
  }

  /** Whether a device has work under way that `pump` will complete. */
  get busy(): boolean {
    for (let i = 0; i < this.#pollers.length; i++) if (this.#pollers[i].busy) return true;
    return false;
  }

  /** Fires due timers and completes finished work until nothing moves. Never blocks. */
  pump(): void {
    for (let moved = true, rounds = 0; moved && rounds < 1000; rounds++) {
      moved = this.clock.run() > 0;
      for (let i = 0; i < this.#pollers.length; i++) moved = this.#pollers[i].poll() || moved;
    }
  }

  /**
   * Blocks until `pump` may complete something, or `ns` are over: for a client in this isolate that has nothing else to do.
   *
   * @returns false, at once, where nothing tells of that: the caller may sleep a little.
   */
  rest(ns: number): boolean {
    for (const poller of this.#pollers) if (poller.busy && poller.rest?.(ns) === true) return true;
    return false;
  }

  /** Resolves with a result that may not be there yet, driving timers and devices meanwhile. `signal` interrupts with -EINTR. */
  until(result: number | Wait, signal?: AbortSignal): Promise<number> {
    if (typeof result === "number") return Promise.resolve(result);
    if (result.result !== undefined) return Promise.resolve(result.result);
    if (signal?.aborted) {
      result.cancel(EINTR);
      return Promise.resolve(result.result ?? EINTR);
    }
    return new Promise((resolve) => {
      const interrupt = (): void => result.cancel(EINTR);
      signal?.addEventListener("abort", interrupt, { once: true });
      this.#waiting++;
      result.onDone((done) => {
        signal?.removeEventListener("abort", interrupt);
        this.#waiting--;
        if (this.#waiting === 0) this.#wakeDrive?.();
        resolve(done);
      });
      void this.#drive();
    });
  }

  // Runs while somebody waits: sleeps until the next deadline, or looks at busy devices turn by turn.
  async #drive(): Promise<void> {
    if (this.#driving) return;
    this.#driving = true;
    while (this.#waiting > 0) {
      this.pump();
      if (this.#waiting === 0) break;
      await this.#sleep();
    }
    this.#driving = false;
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#pollers.some((poller) => poller.busy)) {
        setImmediate(resolve);
        return;
      }
      const next = this.clock.virtual ? Infinity : this.clock.next;
      const delay = next === Infinity ? undefined : Math.max(0, Math.ceil((next - this.clock.now()) / 1e6));
      let timer: ReturnType<typeof setTimeout> | undefined;
      const wake = (): void => {
        if (this.#wakeDrive !== wake) return;
        this.#wakeDrive = undefined;
        clearTimeout(timer);
        resolve();
      };
      this.#wakeDrive = wake;
      if (delay !== undefined) timer = setTimeout(wake, Math.min(delay, 0x7fff_ffff));
    });
  }

  /** Ends everything: clients, then devices. */
  [Symbol.dispose](): void {
    for (const process of [...this.#processes]) process[Symbol.dispose]();
    for (const device of [...this.devices, ...this.#unbound]) this.removeDevice(device);
  }
}
