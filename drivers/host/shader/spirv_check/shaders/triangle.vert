#version 450
layout(location=0) in vec2 pos; layout(location=1) in vec3 col; layout(location=0) out vec3 c; layout(location=1) flat out int id;
void main(){ gl_Position=vec4(pos,0,1); c=col; id=gl_InstanceIndex; }
