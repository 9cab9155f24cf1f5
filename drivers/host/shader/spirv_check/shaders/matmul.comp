#version 450
layout(constant_id = 1) const uint T = 8;
layout(local_size_x = 8, local_size_y = 8) in;
layout(set = 0, binding = 0, std430) readonly buffer A { float a[]; };
layout(set = 0, binding = 1, std430) readonly buffer B { float b[]; };
layout(set = 0, binding = 2, std430) writeonly buffer C { float c[]; };
layout(push_constant) uniform P { uint n; };
shared float ta[T * T];
shared float tb[T][T];

void main() {
  uint x = gl_GlobalInvocationID.x, y = gl_GlobalInvocationID.y;
  uint lx = gl_LocalInvocationID.x, ly = gl_LocalInvocationID.y;
  float sum = 0.0;
  for (uint t = 0; t < n / T; t++) {
    ta[ly * T + lx] = a[y * n + t * T + lx];
    tb[ly][lx] = b[(t * T + ly) * n + x];
    barrier();
    for (uint k = 0; k < T; k++) sum += ta[ly * T + k] * tb[k][lx];
    barrier();
  }
  c[y * n + x] = sum;
}
