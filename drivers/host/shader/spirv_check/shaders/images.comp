#version 450
layout(local_size_x = 8, local_size_y = 8) in;
layout(set = 0, binding = 0) uniform sampler2D source;
layout(set = 0, binding = 1, rgba8) uniform writeonly image2D target;
layout(set = 0, binding = 2, r32ui) uniform uimage2D counts;
layout(set = 0, binding = 3, std140) uniform U { mat4 m; vec4 k[3]; vec3 z; };
layout(set = 0, binding = 4) buffer S { uint seen; vec4 v[]; };

void main() {
  ivec2 p = ivec2(gl_GlobalInvocationID.xy), size = textureSize(source, 0);
  if (any(greaterThanEqual(p, size))) return;
  vec4 c = textureLod(source, (vec2(p) + 0.5) / vec2(size), 0.0);
  vec4 f = texelFetch(source, p, 0);
  vec4 t = m * c + k[p.x % 3];
  t[p.y & 3] += z[p.x % 3] + float(f != c);
  imageStore(target, p, t);
  imageStore(counts, p, imageLoad(counts, p) + uint(imageSize(counts).x));
  atomicAdd(seen, 1u);
  v[p.x] = t * float(v.length());
}
