#version 450
layout(location=0) in vec3 c; layout(location=1) flat in int id; layout(location=0) out vec4 o;
layout(push_constant) uniform P { vec4 t; };
void main(){ if (c.x > 2.) discard; o=vec4(c,1)*t + dFdx(c.x)*0. + (id == 99 ? 1. : 0.); gl_FragDepth = gl_FragCoord.z; }
