/** The Worker of completion_event.ts: waits for a timeline semaphore, and writes an eventfd. */
import { eventfdWrite } from "../../os/mod.ts";
import { Arena } from "./arena.ts";
import { COMPLETION_WORDS, type CompletionWork } from "./completion_event.ts";
import { VK_SUCCESS, VK_TIMEOUT, VkSemaphoreWaitInfo } from "./generated/mod.ts";
import { loaderName } from "./loader.ts";

/** How long one wait lasts before it looks whether it is to stop, ns: the GPU need not ever finish. */
const LOOK_NS = 100_000_000n;

const scope = globalThis as unknown as { onmessage: ((event: MessageEvent<CompletionWork>) => void) | null };

scope.onmessage = ({ data: { device, semaphore, fd, shared } }) => {
  const library = Deno.dlopen(loaderName, {
    vkWaitSemaphores: { parameters: ["u64", "u64", "u64"], result: "i32" },
  });
  const words = new Int32Array(shared, 0, 4), wanted = new Float64Array(shared, 16, 1);
  const m = new Arena(256), value = m.alloc(8);
  const info = m.put(VkSemaphoreWaitInfo, {
    semaphoreCount: 1,
    pSemaphores: m.putU64s([semaphore]),
    pValues: m.address(value),
  });
  for (let done = 0;;) {
    const counter = Atomics.load(words, COMPLETION_WORDS.counter), next = wanted[0];
    if (Atomics.load(words, COMPLETION_WORDS.stop) !== 0) break;
    if (next <= done) {
      Atomics.wait(words, COMPLETION_WORDS.counter, counter);
      continue;
    }
    m.setU53(value, next);
    const result = library.symbols.vkWaitSemaphores(device, info, LOOK_NS);
    if (result === VK_TIMEOUT) continue;
    eventfdWrite(fd);
    // A lost device completes nothing any more: whoever polls finds out why.
    if (result !== VK_SUCCESS) break;
    done = next;
  }
  library.close();
  Atomics.store(words, COMPLETION_WORDS.stopped, 1);
  Atomics.notify(words, COMPLETION_WORDS.stopped);
};
