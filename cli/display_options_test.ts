import { assert, assertEquals } from "@std/assert";
import { displayChoice, parseDisplay } from "./display_options.ts";

const web = { kind: "web", port: 0, address: "127.0.0.1", names: [], viewOnly: false, output: undefined };
const term = { kind: "term", mode: "half", fps: 15, output: 0 };

Deno.test("parseDisplay reads web with its options", () => {
  assertEquals(parseDisplay("web"), web as never);
  assertEquals(parseDisplay("web:8080,view-only,output=2"), { ...web, port: 8080, viewOnly: true, output: 2 } as never);
  assertEquals(
    parseDisplay("web:0,address=::1,name=Desk.example"),
    { ...web, address: "::1", names: ["desk.example"] } as never,
  );
});

Deno.test("parseDisplay reads term with its options", () => {
  assertEquals(parseDisplay("term"), term as never);
  assertEquals(parseDisplay("term:kitty,fps=30,output=1"), { ...term, mode: "kitty", fps: 30, output: 1 } as never);
});

Deno.test("parseDisplay refuses the rest, and says what there is", () => {
  for (
    const [text, words] of [
      ["window", "vnc, web, term"],
      ["web:65536", "65535"],
      ["web:x", "65535"],
      ["web:", "65535"],
      ["web,name=a b", "view-only"],
      ["web,output=16", "0 to 15"],
      ["web,view-only=yes", "view-only"],
      ["term:ascii", "sixel"],
      ["term,fps=0", "1 to 60"],
      ["term,fps=61", "1 to 60"],
      ["term,port=1", "fps="],
    ]
  ) {
    const found = parseDisplay(text);
    assert("error" in found && found.error.includes(words), `${text}: ${JSON.stringify(found)}`);
  }
});

Deno.test("displayChoice takes several displays, and one terminal", () => {
  const found = displayChoice(["web", "vnc", "term", "web:1"]);
  assert(!("error" in found));
  assertEquals(found.map(({ kind }) => kind), ["web", "vnc", "term", "web"]);
  assert("error" in displayChoice(["term", "term:sixel"]));
});
