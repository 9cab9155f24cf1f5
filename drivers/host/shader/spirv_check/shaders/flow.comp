#version 450
// Loops, switches, early ends, functions with references, and arrays that are indexed by whatever comes.
layout(local_size_x = 8) in;
layout(set = 0, binding = 0) readonly buffer A { int a[]; };
layout(set = 0, binding = 1) buffer B { int b[]; };
struct Pair { int x; ivec3 y; };

int walk(inout Pair p, int n) {
  for (int i = 0; i < n; i++) {
    if (i == 3) continue;
    p.y[i % 3] += i;
    if (p.x++ > 20) return p.y.x;
    int k = i;
    do {
      k -= 2;
      if (k == 1) break;
    } while (k > 0);
    p.x += k;
  }
  return p.x;
}

void main() {
  uint id = gl_GlobalInvocationID.x;
  int v = a[id], table[5] = int[](1, 2, 3, 5, 8);
  Pair p = Pair(v, ivec3(v, 1, 2));
  switch (v & 3) {
    case 0:
      p.x = walk(p, 4);
      break;
    case 1:
    case 2:
      for (int i = 0; i < 4; i++) {
        int end = walk(p, i);
        p.x += end;
      }
      break;
    default:
      p.y = ivec3(v / 3, v % 5, -v);
  }
  if (v == 99) {
    b[id] = -1;
    return;
  }
  b[id] = p.x + p.y.z + table[v] + (v > 5 ? bitCount(v) : findMSB(v));
}
