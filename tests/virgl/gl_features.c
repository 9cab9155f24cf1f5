/*
 * Still pictures of many features of OpenGL 3.3 (compatibility): gl_features FILE [SCENE...] draws each scene into a framebuffer
 * object of 128x128 and appends its pixels (RGBA, 8 bits) to FILE; the names go to stdout, one a line. Without scenes, all.
 * The context is EGL's, without a surface. Nothing depends on time, or on how lines are rasterized.
 */
#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 128 };

static GLuint target;

static void die(const char *what) {
  fprintf(stderr, "gl_features: %s\n", what);
  exit(1);
}

static GLuint shader(GLenum type, const char *source) {
  GLuint s = glCreateShader(type);
  GLint good;
  char log[1024];
  glShaderSource(s, 1, &source, NULL);
  glCompileShader(s);
  glGetShaderiv(s, GL_COMPILE_STATUS, &good);
  if (!good) {
    glGetShaderInfoLog(s, sizeof log, NULL, log);
    die(log);
  }
  return s;
}

static void link_program(GLuint p) {
  GLint good;
  char log[1024];
  glLinkProgram(p);
  glGetProgramiv(p, GL_LINK_STATUS, &good);
  if (!good) {
    glGetProgramInfoLog(p, sizeof log, NULL, log);
    die(log);
  }
  glUseProgram(p);
}

/* A program that is used from now on; attribute 0 is "p". */
static GLuint program(const char *vertex, const char *geometry, const char *fragment) {
  GLuint p = glCreateProgram();
  glAttachShader(p, shader(GL_VERTEX_SHADER, vertex));
  if (geometry) glAttachShader(p, shader(GL_GEOMETRY_SHADER, geometry));
  if (fragment) glAttachShader(p, shader(GL_FRAGMENT_SHADER, fragment));
  glBindAttribLocation(p, 0, "p");
  link_program(p);
  return p;
}

#define V "#version 330 compatibility\n"
/* A vertex shader: a rectangle of 4 vertices; t is 0 to 1 over the whole. */
static const char *whole = V "out vec2 t; void main() { t = vec2(gl_VertexID & 1, gl_VertexID >> 1);"
                             " gl_Position = vec4(t * 2.0 - 1.0, 0.0, 1.0); }";

static void cover(void) { glDrawArrays(GL_TRIANGLE_STRIP, 0, 4); }

static void set(GLuint p, const char *name, int value) { glUniform1i(glGetUniformLocation(p, name), value); }

/* A rectangle by immediate mode. */
static void rect(float x0, float y0, float x1, float y1, float z) {
  glBegin(GL_QUADS);
  glTexCoord2f(0, 0);
  glVertex3f(x0, y0, z);
  glTexCoord2f(1, 0);
  glVertex3f(x1, y0, z);
  glTexCoord2f(1, 1);
  glVertex3f(x1, y1, z);
  glTexCoord2f(0, 1);
  glVertex3f(x0, y1, z);
  glEnd();
}

/* A sphere of quads, with normals. */
static void sphere(float radius, int parts) {
  for (int i = 0; i < parts; i++) {
    glBegin(GL_QUAD_STRIP);
    for (int j = 0; j <= parts * 2; j++) {
      for (int k = 0; k < 2; k++) {
        float a = (float)M_PI * ((i + k) / (float)parts - 0.5f), b = (float)M_PI * j / parts;
        float x = cosf(a) * cosf(b), y = sinf(a), z = cosf(a) * sinf(b);
        glNormal3f(x, y, z);
        glTexCoord2f(j / (float)parts, (i + k) / (float)parts);
        glVertex3f(x * radius, y * radius, z * radius);
      }
    }
    glEnd();
  }
}

static unsigned noise_state = 1;
static unsigned noise(void) { return (noise_state = noise_state * 1103515245u + 12345u) >> 16 & 0xff; }

/* A texture of smooth colours with a chequered alpha. */
static GLuint picture(int size, GLenum filter) {
  GLuint t;
  unsigned char *data = malloc((size_t)size * size * 4), *at = data;
  for (int y = 0; y < size; y++) {
    for (int x = 0; x < size; x++) {
      *at++ = (unsigned char)(x * 255 / (size - 1));
      *at++ = (unsigned char)(y * 255 / (size - 1));
      *at++ = (unsigned char)((x ^ y) * 255 / size);
      *at++ = (x / 4 + y / 4) & 1 ? 255 : 64;
    }
  }
  glGenTextures(1, &t);
  glBindTexture(GL_TEXTURE_2D, t);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, size, size, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, (GLint)filter);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, (GLint)filter);
  free(data);
  return t;
}

static void perspective(void) {
  glMatrixMode(GL_PROJECTION);
  glFrustum(-0.5, 0.5, -0.5, 0.5, 1, 10);
  glMatrixMode(GL_MODELVIEW);
  glTranslatef(0, 0, -3);
}

static void lighting(void) {
  const float red[] = {1, 0.2f, 0.2f, 1}, blue[] = {0.2f, 0.3f, 1, 1}, shiny[] = {1, 1, 1, 1};
  const float left[] = {-1, 1, 1, 0}, right[] = {2, -1, 1, 1};
  perspective();
  glEnable(GL_DEPTH_TEST);
  glEnable(GL_LIGHTING);
  glEnable(GL_LIGHT0);
  glEnable(GL_LIGHT1);
  glLightfv(GL_LIGHT0, GL_POSITION, left);
  glLightfv(GL_LIGHT1, GL_POSITION, right);
  glLightfv(GL_LIGHT1, GL_DIFFUSE, blue);
  glLightf(GL_LIGHT1, GL_LINEAR_ATTENUATION, 0.2f);
  glMaterialfv(GL_FRONT, GL_AMBIENT_AND_DIFFUSE, red);
  glMaterialfv(GL_FRONT, GL_SPECULAR, shiny);
  glMaterialf(GL_FRONT, GL_SHININESS, 20);
  sphere(1.2f, 12);
}

static void two_sides(void) {
  const float red[] = {1, 0.2f, 0.2f, 1}, green[] = {0.2f, 1, 0.2f, 1};
  perspective();
  glEnable(GL_DEPTH_TEST);
  glEnable(GL_LIGHTING);
  glEnable(GL_LIGHT0);
  glLightModeli(GL_LIGHT_MODEL_TWO_SIDE, 1);
  glMaterialfv(GL_FRONT, GL_AMBIENT_AND_DIFFUSE, red);
  glMaterialfv(GL_BACK, GL_AMBIENT_AND_DIFFUSE, green);
  glRotatef(50, 1, 0, 0);
  const double cut[] = {0, -1, 0, 0.4};
  glClipPlane(GL_CLIP_PLANE0, cut);
  glEnable(GL_CLIP_PLANE0);
  sphere(1.2f, 12);
  glDisable(GL_CLIP_PLANE0);
  glLightModeli(GL_LIGHT_MODEL_TWO_SIDE, 0);
}

static void textured(void) {
  picture(32, GL_NEAREST);
  glEnable(GL_TEXTURE_2D);
  perspective();
  glColor3f(1, 1, 0.7f);
  glRotatef(40, 1, 0.3f, 0);
  rect(-1, -1, 1, 1, 0);
}

static void mipmaps(void) {
  GLuint t = picture(64, GL_LINEAR);
  for (int level = 1; level <= 6; level++) {
    unsigned char data[32 * 32 * 4];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(level >> i % 4 & 1 ? 255 : 40);
    glTexImage2D(GL_TEXTURE_2D, level, GL_RGBA8, 64 >> level, 64 >> level, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
  }
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST_MIPMAP_NEAREST);
  glEnable(GL_TEXTURE_2D);
  for (int i = 0; i < 6; i++) {
    float size = 2.0f / (2 << i);
    rect(-0.95f + 1.9f * (1 - size * 2 + size * 0.02f) / 2, -1, -0.95f + 1.9f * (1 - size * 2) / 2 + size, -1 + size, 0);
  }
  GLuint other = picture(64, GL_LINEAR);
  glGenerateMipmap(GL_TEXTURE_2D);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
  rect(-1, 0, -0.4f, 0.6f, 0);
  glTexParameterf(GL_TEXTURE_2D, GL_TEXTURE_LOD_BIAS, 2);
  rect(-0.3f, 0, 0.3f, 0.6f, 0);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_BASE_LEVEL, 3);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 4);
  rect(0.4f, 0, 1, 0.6f, 0);
  glDeleteTextures(1, &t);
  glDeleteTextures(1, &other);
}

static void wraps(void) {
  static const GLint modes[] = {GL_REPEAT, GL_CLAMP_TO_EDGE, GL_MIRRORED_REPEAT, GL_CLAMP_TO_BORDER};
  static const GLenum formats[] = {GL_RGBA8, GL_LUMINANCE8_ALPHA8, GL_ALPHA8, GL_INTENSITY8};
  const float border[] = {0.9f, 0.5f, 0.1f, 0.6f};
  glEnable(GL_TEXTURE_2D);
  glEnable(GL_BLEND);
  glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
  for (int f = 0; f < 4; f++) {
    unsigned char data[8 * 8 * 4];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)noise();
    GLuint t;
    glGenTextures(1, &t);
    glBindTexture(GL_TEXTURE_2D, t);
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)formats[f], 8, 8, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameterfv(GL_TEXTURE_2D, GL_TEXTURE_BORDER_COLOR, border);
    for (int m = 0; m < 4; m++) {
      glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, modes[m]);
      glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, modes[3 - m]);
      float x = -1 + m * 0.5f, y = -1 + f * 0.5f;
      glBegin(GL_QUADS);
      glTexCoord2f(-1, -1);
      glVertex2f(x, y);
      glTexCoord2f(2, -1);
      glVertex2f(x + 0.48f, y);
      glTexCoord2f(2, 2);
      glVertex2f(x + 0.48f, y + 0.48f);
      glTexCoord2f(-1, 2);
      glVertex2f(x, y + 0.48f);
      glEnd();
    }
  }
}

static void environments(void) {
  static const GLint modes[] = {GL_REPLACE, GL_MODULATE, GL_DECAL, GL_BLEND, GL_ADD};
  const float constant[] = {0.2f, 0.9f, 0.4f, 0.5f};
  picture(16, GL_NEAREST);
  glEnable(GL_TEXTURE_2D);
  glTexEnvfv(GL_TEXTURE_ENV, GL_TEXTURE_ENV_COLOR, constant);
  for (int i = 0; i < 5; i++) {
    glTexEnvi(GL_TEXTURE_ENV, GL_TEXTURE_ENV_MODE, modes[i]);
    glColor4f(0.8f, 0.3f, 0.5f, 0.7f);
    rect(-1 + i * 0.4f, -1, -0.65f + i * 0.4f, 0, 0);
  }
  glTexEnvi(GL_TEXTURE_ENV, GL_TEXTURE_ENV_MODE, GL_MODULATE);
  glTexGeni(GL_S, GL_TEXTURE_GEN_MODE, GL_OBJECT_LINEAR);
  glTexGeni(GL_T, GL_TEXTURE_GEN_MODE, GL_SPHERE_MAP);
  glEnable(GL_TEXTURE_GEN_S);
  glEnable(GL_TEXTURE_GEN_T);
  glColor3f(1, 1, 1);
  glTranslatef(0, 0.5f, 0);
  sphere(0.45f, 10);
  glDisable(GL_TEXTURE_GEN_S);
  glDisable(GL_TEXTURE_GEN_T);
}

static void alpha_test(void) {
  static const GLenum functions[] = {GL_LESS, GL_EQUAL, GL_LEQUAL, GL_GREATER, GL_NOTEQUAL, GL_GEQUAL, GL_NEVER, GL_ALWAYS};
  glEnable(GL_ALPHA_TEST);
  for (int i = 0; i < 8; i++) {
    glAlphaFunc(functions[i], 0.5f);
    float x = -1 + i % 4 * 0.5f, y = i < 4 ? -1 : 0;
    for (int j = 0; j < 5; j++) {
      glColor4f(1, j / 4.0f, 0.3f, j == 2 ? 0.5f : j / 4.0f);
      rect(x, y + j * 0.2f, x + 0.4f, y + j * 0.2f + 0.18f, 0);
    }
  }
}

static void stencil(void) {
  glEnable(GL_STENCIL_TEST);
  glStencilFunc(GL_ALWAYS, 1, 0xff);
  glStencilOp(GL_KEEP, GL_KEEP, GL_INCR);
  glColorMask(0, 0, 0, 0);
  rect(-0.8f, -0.8f, 0.3f, 0.3f, 0);
  rect(-0.4f, -0.4f, 0.8f, 0.8f, 0);
  glColorMask(1, 1, 1, 1);
  glEnable(GL_SCISSOR_TEST);
  glScissor(90, 10, 20, 100);
  glClearStencil(3);
  glStencilMask(0x2);
  glClear(GL_STENCIL_BUFFER_BIT);
  glStencilMask(0xff);
  glDisable(GL_SCISSOR_TEST);
  glStencilOp(GL_KEEP, GL_KEEP, GL_KEEP);
  for (int i = 0; i < 4; i++) {
    glStencilFunc(GL_EQUAL, i, 0xff);
    glColor3f(i & 1, i >> 1, 0.5f);
    rect(-1, -1, 1, 1, 0);
  }
  glStencilOpSeparate(GL_FRONT, GL_KEEP, GL_KEEP, GL_INCR_WRAP);
  glStencilOpSeparate(GL_BACK, GL_KEEP, GL_KEEP, GL_DECR_WRAP);
  glStencilFunc(GL_ALWAYS, 0, 0xff);
  glColor3f(0.3f, 0.3f, 0.3f);
  rect(-0.9f, 0.7f, -0.5f, 0.9f, 0);
  rect(-0.6f, 0.7f, -0.8f, 0.9f, 0); /* the other way round */
  glStencilFunc(GL_EQUAL, 1, 0xff);
  glColor3f(1, 1, 1);
  rect(-1, 0.75f, 0, 0.85f, 0);
}

static void blending(void) {
  static const GLenum functions[][2] = {
      {GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA}, {GL_ONE, GL_ONE}, {GL_DST_COLOR, GL_ZERO}, {GL_ONE_MINUS_DST_COLOR, GL_ONE},
      {GL_DST_ALPHA, GL_ONE_MINUS_DST_ALPHA}, {GL_CONSTANT_COLOR, GL_CONSTANT_ALPHA}, {GL_SRC_ALPHA_SATURATE, GL_ONE},
      {GL_ZERO, GL_SRC_COLOR}};
  static const GLenum equations[] = {GL_FUNC_ADD, GL_FUNC_SUBTRACT, GL_FUNC_REVERSE_SUBTRACT, GL_MIN, GL_MAX};
  picture(128, GL_NEAREST);
  glEnable(GL_TEXTURE_2D);
  rect(-1, -1, 1, 1, 0);
  glDisable(GL_TEXTURE_2D);
  glEnable(GL_BLEND);
  glBlendColor(0.3f, 0.6f, 0.9f, 0.4f);
  for (int i = 0; i < 8; i++) {
    glBlendFunc(functions[i][0], functions[i][1]);
    for (int j = 0; j < 5; j++) {
      glBlendEquation(equations[j]);
      glColor4f(0.7f, 0.4f, 0.2f, 0.6f);
      rect(-0.95f + i * 0.24f, -0.95f + j * 0.4f, -0.8f + i * 0.24f, -0.7f + j * 0.4f, 0);
    }
  }
  glBlendEquation(GL_FUNC_ADD);
  glDisable(GL_BLEND);
  glEnable(GL_COLOR_LOGIC_OP);
  glLogicOp(GL_XOR);
  glColor3f(1, 1, 1);
  rect(-0.1f, -1, 0.1f, 1, 0);
  glLogicOp(GL_AND_INVERTED);
  rect(-1, -0.05f, 1, 0.05f, 0);
  glDisable(GL_COLOR_LOGIC_OP);
  glColorMask(1, 0, 0, 1);
  rect(0.7f, 0.7f, 1, 1, 0);
  glColorMask(1, 1, 1, 1);
}

static void sprites(void) {
  const float attenuation[] = {0.5f, 0.3f, 0.1f};
  picture(16, GL_NEAREST);
  glPointSize(32);
  glEnable(GL_POINT_SPRITE);
  glEnable(GL_TEXTURE_2D);
  glTexEnvi(GL_POINT_SPRITE, GL_COORD_REPLACE, 1);
  glBegin(GL_POINTS);
  glVertex2f(-0.5f, -0.5f);
  glVertex2f(0.25f, -0.5f);
  glEnd();
  glPointParameteri(GL_POINT_SPRITE_COORD_ORIGIN, GL_LOWER_LEFT);
  glPointParameterfv(GL_POINT_DISTANCE_ATTENUATION, attenuation);
  perspective();
  glBegin(GL_POINTS);
  for (int i = 0; i < 4; i++) glVertex3f(-1 + i * 0.6f, 0.7f, -i * 1.0f);
  glEnd();
  glTexEnvi(GL_POINT_SPRITE, GL_COORD_REPLACE, 0);
  glPointParameteri(GL_POINT_SPRITE_COORD_ORIGIN, GL_UPPER_LEFT);
  glDisable(GL_POINT_SPRITE);
  glDisable(GL_TEXTURE_2D);
  program(V "in vec4 p; void main() { gl_Position = p; gl_PointSize = 10.0 + 20.0 * (p.x + 1.0); }", NULL,
          V "out vec4 c; void main() { c = vec4(gl_PointCoord, 0.5, 1.0); }");
  const float places[] = {-0.7f, 0, 0, 0, 0.6f, 0};
  glEnable(GL_PROGRAM_POINT_SIZE);
  glVertexAttribPointer(0, 2, GL_FLOAT, 0, 0, places);
  glEnableVertexAttribArray(0);
  glDrawArrays(GL_POINTS, 0, 3);
  glDisable(GL_PROGRAM_POINT_SIZE);
}

static void fog(void) {
  static const GLint modes[] = {GL_LINEAR, GL_EXP, GL_EXP2};
  const float grey[] = {0.6f, 0.7f, 0.8f, 1};
  perspective();
  glEnable(GL_FOG);
  glFogfv(GL_FOG_COLOR, grey);
  glFogf(GL_FOG_START, 1);
  glFogf(GL_FOG_END, 6);
  glFogf(GL_FOG_DENSITY, 0.4f);
  glColor3f(1, 0.1f, 0.1f);
  for (int i = 0; i < 3; i++) {
    glFogi(GL_FOG_MODE, modes[i]);
    glBegin(GL_QUADS);
    glVertex3f(-1.4f + i, -1, 1);
    glVertex3f(-0.6f + i, -1, 1);
    glVertex3f(-0.6f + i, 1, -3);
    glVertex3f(-1.4f + i, 1, -3);
    glEnd();
  }
}

static void clip_planes(void) {
  perspective();
  glEnable(GL_DEPTH_TEST);
  const double planes[][4] = {{1, 0, 0, 0.5}, {0, 1, 0.3, 0.4}, {-1, -1, 0, 1}};
  for (int i = 0; i < 3; i++) {
    glClipPlane(GL_CLIP_PLANE0 + (GLenum)i, planes[i]);
    glEnable(GL_CLIP_PLANE0 + (GLenum)i);
  }
  glEnable(GL_LIGHTING);
  glEnable(GL_LIGHT0);
  sphere(1.2f, 12);
  for (int i = 0; i < 3; i++) glDisable(GL_CLIP_PLANE0 + (GLenum)i);
  glDisable(GL_LIGHTING);
  program(V "out float d; void main() { vec2 t = vec2(gl_VertexID & 1, gl_VertexID >> 1); d = t.x;"
            " gl_Position = vec4(t * vec2(0.6, 0.4) + vec2(0.3, -0.9), -0.9, 1.0); gl_ClipDistance[0] = t.x + t.y - 0.7; }",
          NULL, V "in float d; out vec4 c; void main() { c = vec4(d, 1.0, 1.0 - d, 1.0); }");
  glEnable(GL_CLIP_DISTANCE0);
  cover();
  glDisable(GL_CLIP_DISTANCE0);
}

static void polygon_offset(void) {
  perspective();
  glEnable(GL_DEPTH_TEST);
  glRotatef(30, 1, 1, 0);
  glColor3f(0.2f, 0.2f, 0.8f);
  rect(-1, -1, 1, 1, 0);
  glEnable(GL_POLYGON_OFFSET_FILL);
  glPolygonOffset(-1, -2);
  glColor3f(1, 0.8f, 0.1f);
  rect(-0.5f, -0.5f, 0.5f, 0.5f, 0);
  glPolygonOffset(1, 2);
  glColor3f(1, 0, 0);
  rect(-0.9f, -0.9f, -0.6f, 0.9f, 0);
  glDisable(GL_POLYGON_OFFSET_FILL);
  glDepthRange(0, 0.1);
  glColor3f(0, 1, 0);
  rect(0.6f, -0.9f, 0.9f, 0.9f, -0.5f);
  glDepthRange(0, 1);
}

static void depth(void) {
  static const GLenum functions[] = {GL_LESS, GL_LEQUAL, GL_EQUAL, GL_GREATER, GL_GEQUAL, GL_NOTEQUAL};
  glEnable(GL_DEPTH_TEST);
  glDepthFunc(GL_ALWAYS);
  glBegin(GL_QUADS);
  glColor3f(0.1f, 0.1f, 0.1f);
  glVertex3f(-1, -1, -0.9f);
  glVertex3f(1, -1, -0.9f);
  glVertex3f(1, 1, 0.9f);
  glVertex3f(-1, 1, 0.9f);
  glEnd();
  glDepthMask(0);
  for (int i = 0; i < 6; i++) {
    glDepthFunc(functions[i]);
    glColor3f(i & 1, i >> 1 & 1, 1 - i / 6.0f);
    rect(-0.95f + i * 0.32f, -0.9f, -0.7f + i * 0.32f, 0.93f, 0.013f);
  }
  glDepthMask(1);
  glDepthFunc(GL_LESS);
  glEnable(GL_SCISSOR_TEST);
  glScissor(20, 50, 90, 20);
  glClearDepth(0.1);
  glClear(GL_DEPTH_BUFFER_BIT);
  glDisable(GL_SCISSOR_TEST);
  glColor3f(1, 1, 1);
  rect(-0.5f, -0.5f, 0.5f, 0.5f, -0.85f);
  glClearDepth(1);
}

static void volumes(void) {
  unsigned char data[8 * 8 * 8 * 4];
  GLuint t[4];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)noise();
  glGenTextures(4, t);
  glBindTexture(GL_TEXTURE_3D, t[0]);
  glTexImage3D(GL_TEXTURE_3D, 0, GL_RGBA8, 8, 8, 8, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
  glTexSubImage3D(GL_TEXTURE_3D, 0, 2, 1, 3, 4, 5, 2, GL_RGBA, GL_UNSIGNED_BYTE, data + 77);
  glTexParameteri(GL_TEXTURE_3D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  GLuint p = program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler3D s; void main() {"
                                    " c = vec4(texture(s, vec3(t, t.x * 0.7)).rgb, 1.0); }");
  glViewport(0, 0, 64, 64);
  cover();
  glBindTexture(GL_TEXTURE_CUBE_MAP, t[1]);
  for (GLenum i = 0; i < 6; i++) {
    glTexImage2D(GL_TEXTURE_CUBE_MAP_POSITIVE_X + i, 0, GL_RGBA8, 8, 8, 0, GL_RGBA, GL_UNSIGNED_BYTE, data + 256 * i);
  }
  glTexParameteri(GL_TEXTURE_CUBE_MAP, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  glEnable(GL_TEXTURE_CUBE_MAP_SEAMLESS);
  program(whole, NULL, V "in vec2 t; out vec4 c; uniform samplerCube s; void main() {"
                         " vec2 a = t * vec2(6.2832, 3.1416); c = vec4(texture(s, vec3(sin(a.y) * cos(a.x), cos(a.y), sin(a.y) * sin(a.x))).rgb, 1.0); }");
  glViewport(64, 0, 64, 64);
  cover();
  glDisable(GL_TEXTURE_CUBE_MAP_SEAMLESS);
  glBindTexture(GL_TEXTURE_2D_ARRAY, t[2]);
  glTexImage3D(GL_TEXTURE_2D_ARRAY, 0, GL_RGBA8, 8, 8, 8, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
  glTexParameteri(GL_TEXTURE_2D_ARRAY, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2DArray s; void main() {"
                         " c = vec4(texture(s, vec3(t * 2.0, floor(t.x * 8.0))).rgb, 1.0); }");
  glViewport(0, 64, 64, 64);
  cover();
  glBindTexture(GL_TEXTURE_1D, t[3]);
  glTexImage1D(GL_TEXTURE_1D, 0, GL_RGBA8, 64, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
  glTexParameteri(GL_TEXTURE_1D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_1D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  p = program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler1D s; void main() {"
                             " c = t.y > 0.5 ? texture(s, t.x) : texelFetch(s, int(t.x * 64.0), 0); }");
  set(p, "s", 0);
  glViewport(64, 64, 64, 64);
  cover();
  glDeleteTextures(4, t);
}

static void several_targets(void) {
  GLuint f, t[4];
  glGenFramebuffers(1, &f);
  glGenTextures(4, t);
  glBindFramebuffer(GL_FRAMEBUFFER, f);
  static const GLenum formats[] = {GL_RGBA8, GL_RGBA16F, GL_RG8, GL_RGB10_A2};
  static const GLenum all[] = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1, GL_COLOR_ATTACHMENT2, GL_COLOR_ATTACHMENT3};
  for (int i = 0; i < 4; i++) {
    glBindTexture(GL_TEXTURE_2D, t[i]);
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)formats[i], 64, 64, 0, GL_RGBA, GL_FLOAT, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glFramebufferTexture2D(GL_FRAMEBUFFER, all[i], GL_TEXTURE_2D, t[i], 0);
  }
  glDrawBuffers(4, all);
  glViewport(0, 0, 64, 64);
  const float second[] = {0.5f, 0, 0.25f, 1};
  glClearColor(0, 0.25f, 0, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  glClearBufferfv(GL_COLOR, 1, second);
  glColorMaski(2, 1, 0, 1, 1);
  glEnablei(GL_BLEND, 3);
  glBlendFunc(GL_ONE, GL_ONE);
  program(whole, NULL, V "in vec2 t; layout(location = 0) out vec4 a; layout(location = 1) out vec4 b;"
                         " layout(location = 2) out vec4 c; layout(location = 3) out vec4 d; void main() {"
                         " if (t.x + t.y < 0.5) discard; a = vec4(t, 0, 1); b = vec4(t.y, 0, t.x, 1); c = vec4(0.7, 0.9, 0, 1); d = vec4(0, t.x * 0.5, t.y, 1); }");
  cover();
  glColorMaski(2, 1, 1, 1, 1);
  glDisablei(GL_BLEND, 3);
  glBindFramebuffer(GL_DRAW_FRAMEBUFFER, target);
  for (int i = 0; i < 4; i++) {
    int x = i % 2 * 64, y = i / 2 * 64;
    glReadBuffer(all[i]);
    glBlitFramebuffer(0, 0, 64, 64, x, y, x + 64, y + 64, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  }
  glBindFramebuffer(GL_FRAMEBUFFER, target);
  glDeleteFramebuffers(1, &f);
  glDeleteTextures(4, t);
}

static void instances(void) {
  GLuint p = program(V "in vec2 p; in vec3 place; layout(std140) uniform colours { vec4 c[4]; mat4 turn; };"
                       " flat out vec4 colour; void main() { colour = c[gl_InstanceID & 3] * place.z;"
                       " gl_Position = turn * vec4(p * 0.1 + place.xy, 0.0, 1.0); }",
                     NULL, V "flat in vec4 colour; out vec4 c; void main() { c = colour; }");
  float block[32] = {1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1};
  const float turn[] = {0.8f, 0.3f, 0, 0, -0.3f, 0.8f, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  memcpy(block + 16, turn, sizeof turn);
  GLuint b[3];
  glGenBuffers(3, b);
  glBindBuffer(GL_UNIFORM_BUFFER, b[0]);
  glBufferData(GL_UNIFORM_BUFFER, 1024, NULL, GL_STATIC_DRAW);
  glBufferSubData(GL_UNIFORM_BUFFER, 256, sizeof block, block);
  glBindBufferRange(GL_UNIFORM_BUFFER, 2, b[0], 256, sizeof block);
  glUniformBlockBinding(p, glGetUniformBlockIndex(p, "colours"), 2);
  const float corners[] = {-1, -1, 1, -1, -1, 1, 1, 1};
  float places[36 * 3];
  for (int i = 0; i < 36; i++) {
    places[i * 3] = -0.75f + i % 6 * 0.3f;
    places[i * 3 + 1] = -0.75f + i / 6 * 0.3f;
    places[i * 3 + 2] = 1 - i / 72.0f;
  }
  glBindBuffer(GL_ARRAY_BUFFER, b[1]);
  glBufferData(GL_ARRAY_BUFFER, sizeof corners, corners, GL_STATIC_DRAW);
  glVertexAttribPointer(0, 2, GL_FLOAT, 0, 0, NULL);
  glEnableVertexAttribArray(0);
  glBindBuffer(GL_ARRAY_BUFFER, b[2]);
  glBufferData(GL_ARRAY_BUFFER, sizeof places, places, GL_STATIC_DRAW);
  GLuint at = (GLuint)glGetAttribLocation(p, "place");
  glVertexAttribPointer(at, 3, GL_FLOAT, 0, 0, NULL);
  glEnableVertexAttribArray(at);
  glVertexAttribDivisor(at, 1);
  const unsigned char indices[] = {0, 1, 2, 2, 1, 3};
  glBindBuffer(GL_ARRAY_BUFFER, 0);
  glDrawElementsInstanced(GL_TRIANGLES, 6, GL_UNSIGNED_BYTE, indices, 36);
  glVertexAttribDivisor(at, 0);
  glDisableVertexAttribArray(at);
  glDeleteBuffers(3, b);
}

static void feedback(void) {
  const char *names[] = {"place", "gl_NextBuffer", "colour"};
  GLuint p = glCreateProgram(), b[3], q;
  glAttachShader(p, shader(GL_VERTEX_SHADER, V "out vec4 place; out vec3 colour; void main() { float a = float(gl_VertexID) * 0.7;"
                                              " place = vec4(cos(a), sin(a), 0.0, 1.2); colour = vec3(a / 7.0, 0.5, 1.0 - a / 7.0);"
                                              " gl_Position = place; }"));
  glTransformFeedbackVaryings(p, 3, names, GL_INTERLEAVED_ATTRIBS);
  link_program(p);
  glGenBuffers(3, b);
  for (GLuint i = 0; i < 2; i++) {
    glBindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, i, b[i]);
    glBufferData(GL_TRANSFORM_FEEDBACK_BUFFER, 1024, NULL, GL_STATIC_COPY);
  }
  glGenQueries(1, &q);
  glEnable(GL_RASTERIZER_DISCARD);
  glBeginQuery(GL_TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN, q);
  glBeginTransformFeedback(GL_TRIANGLES);
  glDrawArrays(GL_TRIANGLE_FAN, 0, 10);
  glEndTransformFeedback();
  glEndQuery(GL_TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN);
  glDisable(GL_RASTERIZER_DISCARD);
  GLuint written = 0;
  glGetQueryObjectuiv(q, GL_QUERY_RESULT, &written);
  p = program(V "in vec4 p; in vec3 k; out vec3 colour; void main() { gl_Position = p; colour = k; }", NULL,
              V "in vec3 colour; out vec4 c; void main() { c = vec4(colour, 1.0); }");
  GLuint k = (GLuint)glGetAttribLocation(p, "k");
  glBindBuffer(GL_ARRAY_BUFFER, b[0]);
  glVertexAttribPointer(0, 4, GL_FLOAT, 0, 0, NULL);
  glEnableVertexAttribArray(0);
  glBindBuffer(GL_ARRAY_BUFFER, b[1]);
  glVertexAttribPointer(k, 3, GL_FLOAT, 0, 0, NULL);
  glEnableVertexAttribArray(k);
  glDrawArrays(GL_TRIANGLES, 0, (GLsizei)written * 3);
  glDisableVertexAttribArray(k);
  glBindBuffer(GL_ARRAY_BUFFER, 0);
  glDeleteBuffers(3, b);
  glDeleteQueries(1, &q);
}

static void queries(void) {
  GLuint q[3], seen[3];
  glGenQueries(3, q);
  glEnable(GL_DEPTH_TEST);
  glColor3f(0.3f, 0.3f, 0.3f);
  rect(-1, -1, 0, 1, 0);
  for (int i = 0; i < 3; i++) {
    glBeginQuery(i == 2 ? GL_ANY_SAMPLES_PASSED : GL_SAMPLES_PASSED, q[i]);
    rect(-0.5f - i * 0.25f, -0.5f, 0.5f - i * 0.5f, 0.5f, i == 0 ? -0.5f : 0.5f);
    glEndQuery(i == 2 ? GL_ANY_SAMPLES_PASSED : GL_SAMPLES_PASSED);
  }
  for (int i = 0; i < 3; i++) {
    glGetQueryObjectuiv(q[i], GL_QUERY_RESULT, &seen[i]);
    glColor3f(seen[i] % 256 / 255.0f, seen[i] / 256 / 64.0f, seen[i] > 0);
    rect(-1 + i * 0.6f, 0.7f, -0.5f + i * 0.6f, 1, -0.9f);
  }
  glColor3f(1, 1, 0);
  glBeginConditionalRender(q[0], GL_QUERY_WAIT);
  rect(-0.9f, -0.9f, -0.5f, -0.6f, -0.9f);
  glEndConditionalRender();
  glBeginConditionalRender(q[2], GL_QUERY_WAIT);
  rect(0.1f, -0.9f, 0.5f, -0.6f, -0.9f);
  glEndConditionalRender();
  glDeleteQueries(3, q);
}

static void geometry(void) {
  program(V "void main() { gl_Position = vec4(float(gl_VertexID % 4) * 0.5 - 0.75, float(gl_VertexID / 4) * 0.5 - 0.75, 0.0, 1.0); }",
          V "layout(points) in; layout(triangle_strip, max_vertices = 8) out; out vec3 k; void main() {"
            " for (int s = 0; s < 2; s++) { for (int i = 0; i < 3 + (gl_PrimitiveIDIn & 1); i++) {"
            " vec2 a = vec2(i & 1, i >> 1) * 0.2; gl_Position = gl_in[0].gl_Position + vec4(a + vec2(s) * 0.22 - 0.2, 0.0, 0.0);"
            " k = vec3(a * 5.0, float(gl_PrimitiveIDIn) / 16.0); EmitVertex(); } EndPrimitive(); } }",
          V "in vec3 k; out vec4 c; void main() { c = vec4(k, 1.0); }");
  glDrawArrays(GL_POINTS, 0, 16);
}

static void multisample(void) {
  GLuint f, r[2];
  glGenFramebuffers(1, &f);
  glGenRenderbuffers(2, r);
  glBindFramebuffer(GL_FRAMEBUFFER, f);
  glBindRenderbuffer(GL_RENDERBUFFER, r[0]);
  glRenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_RGBA8, SIZE, SIZE);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, r[0]);
  glBindRenderbuffer(GL_RENDERBUFFER, r[1]);
  glRenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_DEPTH24_STENCIL8, SIZE, SIZE);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_STENCIL_ATTACHMENT, GL_RENDERBUFFER, r[1]);
  glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
  glEnable(GL_DEPTH_TEST);
  for (int i = 0; i < 5; i++) {
    glRotatef(17, 0.2f, 0.3f, 1);
    glColor3f(1 - i / 5.0f, i / 5.0f, 0.5f);
    rect(-0.8f, -0.8f, 0.2f, 0.4f, 0.1f * i);
  }
  glEnable(GL_SAMPLE_ALPHA_TO_COVERAGE);
  glColor4f(1, 1, 1, 0.5f);
  rect(0.3f, -0.9f, 0.9f, -0.3f, -0.9f);
  glDisable(GL_SAMPLE_ALPHA_TO_COVERAGE);
  glBindFramebuffer(GL_DRAW_FRAMEBUFFER, target);
  glBlitFramebuffer(0, 0, SIZE, SIZE, 0, 0, SIZE, SIZE, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  glBindFramebuffer(GL_FRAMEBUFFER, target);
  glDeleteFramebuffers(1, &f);
  glDeleteRenderbuffers(2, r);
}

static void primitives(void) {
  static const unsigned short strips[] = {0, 1, 2, 3, 7777, 4, 5, 6, 7777, 6, 7, 8, 9};
  float places[10 * 2];
  for (int i = 0; i < 10; i++) {
    places[i * 2] = -0.9f + i / 2 * 0.4f;
    places[i * 2 + 1] = i & 1 ? 0.9f : 0.4f;
  }
  glVertexPointer(2, GL_FLOAT, 0, places);
  glEnableClientState(GL_VERTEX_ARRAY);
  glEnable(GL_PRIMITIVE_RESTART);
  glPrimitiveRestartIndex(7777);
  glColor3f(1, 0.6f, 0.2f);
  glDrawElements(GL_TRIANGLE_STRIP, 13, GL_UNSIGNED_SHORT, strips);
  glDisable(GL_PRIMITIVE_RESTART);
  glDisableClientState(GL_VERTEX_ARRAY);
  glShadeModel(GL_FLAT);
  glBegin(GL_POLYGON);
  for (int i = 0; i < 7; i++) {
    glColor3f(i / 6.0f, 0.5f, 1 - i / 6.0f);
    glVertex2f(-0.6f + 0.35f * cosf(i * 0.9f), -0.5f + 0.35f * sinf(i * 0.9f));
  }
  glEnd();
  glBegin(GL_QUAD_STRIP);
  for (int i = 0; i < 8; i++) {
    glColor3f(i / 7.0f, 1 - i / 7.0f, 0.3f);
    glVertex2f(0 + i / 2 * 0.3f, i & 1 ? -0.2f : -0.5f);
  }
  glEnd();
  glProvokingVertex(GL_FIRST_VERTEX_CONVENTION);
  glBegin(GL_TRIANGLE_FAN);
  for (int i = 0; i < 6; i++) {
    glColor3f(i / 5.0f, 0.2f, 0.9f);
    glVertex2f(0.4f + (i > 0 ? 0.35f * cosf(i * 0.8f) : 0), -0.9f + (i > 0 ? 0.35f * sinf(i * 0.8f) : 0));
  }
  glEnd();
  glProvokingVertex(GL_LAST_VERTEX_CONVENTION);
  glShadeModel(GL_SMOOTH);
  glEnable(GL_CULL_FACE);
  glCullFace(GL_FRONT);
  glColor3f(1, 1, 1);
  rect(-0.2f, 0, 0, 0.2f, 0);
  rect(0.3f, 0, 0.1f, 0.2f, 0); /* the other way round */
  glDisable(GL_CULL_FACE);
}

static void stipple(void) {
  unsigned char pattern[128];
  for (int i = 0; i < 128; i++) pattern[i] = (unsigned char)(i / 4 % 8 < 4 ? 0xf0 : 0x3c);
  glPolygonStipple(pattern);
  glEnable(GL_POLYGON_STIPPLE);
  glColor3f(0.9f, 0.9f, 0.2f);
  rect(-0.8f, -0.8f, 0.8f, 0.8f, 0);
  glDisable(GL_POLYGON_STIPPLE);
}

static void shadows(void) {
  GLuint t;
  float data[16 * 16];
  for (int i = 0; i < 256; i++) data[i] = (float)noise() / 255;
  glGenTextures(1, &t);
  glBindTexture(GL_TEXTURE_2D, t);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_DEPTH_COMPONENT24, 16, 16, 0, GL_DEPTH_COMPONENT, GL_FLOAT, data);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  GLuint p = program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2D s; void main() { c = texture(s, t); }");
  set(p, "s", 0);
  glViewport(0, 0, 64, 128);
  cover();
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_COMPARE_MODE, GL_COMPARE_REF_TO_TEXTURE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_COMPARE_FUNC, GL_LEQUAL);
  program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2DShadow s; void main() {"
                         " c = vec4(texture(s, vec3(t, 0.5)), textureProj(s, vec4(t * 2.0, 0.6, 2.0)), t.x, 1.0); }");
  glViewport(64, 0, 64, 128);
  cover();
  glDeleteTextures(1, &t);
}

static void copies(void) {
  GLuint t = picture(64, GL_LINEAR), f;
  glEnable(GL_TEXTURE_2D);
  rect(-1, -1, 0, 0, 0);
  glCopyTexSubImage2D(GL_TEXTURE_2D, 0, 10, 12, 20, 5, 40, 30);
  rect(0, -1, 1, 0, 0);
  glGenFramebuffers(1, &f);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, f);
  glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, t, 0);
  glBlitFramebuffer(5, 7, 40, 50, 64, 128, 2, 66, GL_COLOR_BUFFER_BIT, GL_LINEAR);
  glEnable(GL_SCISSOR_TEST);
  glScissor(70, 70, 40, 50);
  glBlitFramebuffer(0, 0, 63, 63, 66, 66, 128, 128, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  glDisable(GL_SCISSOR_TEST);
  glBindFramebuffer(GL_FRAMEBUFFER, target);
  glDeleteFramebuffers(1, &f);
  GLuint b;
  glGenBuffers(1, &b);
  glBindBuffer(GL_PIXEL_PACK_BUFFER, b);
  glBufferData(GL_PIXEL_PACK_BUFFER, 20 * 20 * 4, NULL, GL_STREAM_COPY);
  glReadPixels(5, 5, 20, 20, GL_BGRA, GL_UNSIGNED_BYTE, NULL);
  glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  glBindBuffer(GL_PIXEL_UNPACK_BUFFER, b);
  glTexSubImage2D(GL_TEXTURE_2D, 0, 30, 30, 20, 20, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
  glBindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
  rect(0.6f, -0.4f, 1, 0, 0);
  glDeleteBuffers(1, &b);
  glDeleteTextures(1, &t);
}

static void uploads(void) {
  unsigned char data[40 * 40 * 4];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)noise();
  GLuint t = picture(64, GL_NEAREST);
  for (int i = 0; i < 8; i++) glTexSubImage2D(GL_TEXTURE_2D, 0, i * 6, i * 5, 9 + i, 3 + i, GL_RGBA, GL_UNSIGNED_BYTE, data + i * 64);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 40);
  glPixelStorei(GL_UNPACK_SKIP_PIXELS, 3);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
  glTexSubImage2D(GL_TEXTURE_2D, 0, 40, 2, 20, 33, GL_RGB, GL_UNSIGNED_BYTE, data);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  glPixelStorei(GL_UNPACK_SKIP_PIXELS, 0);
  glEnable(GL_TEXTURE_2D);
  rect(-1, -1, 1, 1, 0);
  static const GLenum formats[] = {GL_RGB5, GL_RGBA4, GL_RGB5_A1, GL_R8, GL_RG8, GL_LUMINANCE8, GL_SRGB8_ALPHA8, GL_RGBA16};
  for (int i = 0; i < 8; i++) {
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)formats[i], 13, 11, 0, GL_RGBA, GL_UNSIGNED_BYTE, data);
    rect(-0.95f + i * 0.24f, 0.6f, -0.75f + i * 0.24f, 0.9f, 0);
  }
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
  glDeleteTextures(1, &t);
}

static void formats(void) {
  static const GLenum kinds[] = {GL_SRGB8_ALPHA8, GL_R11F_G11F_B10F, GL_RGBA32F, GL_RGB565};
  GLuint f, t[4];
  glGenFramebuffers(1, &f);
  glGenTextures(4, t);
  for (int i = 0; i < 4; i++) {
    glBindTexture(GL_TEXTURE_2D, t[i]);
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)kinds[i], 64, 64, 0, GL_RGBA, GL_FLOAT, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glBindFramebuffer(GL_FRAMEBUFFER, f);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, t[i], 0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) die("a format cannot be rendered to");
    if (i == 0) glEnable(GL_FRAMEBUFFER_SRGB);
    glViewport(0, 0, 64, 64);
    program(whole, NULL, V "in vec2 t; out vec4 c; void main() { c = vec4(t, 0.25, 1.0); }");
    cover();
    glEnable(GL_BLEND);
    glBlendFunc(GL_ONE, GL_ONE);
    glViewport(16, 16, 32, 32);
    cover();
    glDisable(GL_BLEND);
    glDisable(GL_FRAMEBUFFER_SRGB);
    glBindFramebuffer(GL_FRAMEBUFFER, target);
    glViewport(i % 2 * 64, i / 2 * 64, 64, 64);
    GLuint p = program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2D s; void main() { c = texture(s, t) * 0.5; }");
    set(p, "s", 0);
    cover();
  }
  glDeleteFramebuffers(1, &f);
  glDeleteTextures(4, t);
}

/* What Vulkan has not: GL_CLAMP with a linear filter, rendering to luminance and alpha, buffers of them. */
static void emulated(void) {
  static const GLenum kinds[] = {GL_LUMINANCE8, GL_ALPHA8};
  unsigned char data[64 * 2];
  const float border[] = {0.9f, 0.5f, 0.1f, 0.6f};
  GLuint f, t[2], b, bt;
  picture(8, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP);
  glTexParameterfv(GL_TEXTURE_2D, GL_TEXTURE_BORDER_COLOR, border);
  glViewport(0, 0, 64, 64);
  set(program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2D s; void main() { c = texture(s, t * 2.0 - 0.5); }"), "s", 0);
  cover();
  glGenFramebuffers(1, &f);
  glGenTextures(2, t);
  for (int i = 0; i < 2; i++) {
    glBindTexture(GL_TEXTURE_2D, t[i]);
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)kinds[i], 64, 64, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glBindFramebuffer(GL_FRAMEBUFFER, f);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, t[i], 0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) die("luminance or alpha cannot be rendered to");
    glClearColor(0.25f, 0.5f, 0.75f, 0.6f);
    glClear(GL_COLOR_BUFFER_BIT);
    glViewport(8, 8, 48, 48);
    glEnable(GL_BLEND);
    glBlendFuncSeparate(GL_ONE, GL_DST_ALPHA, GL_DST_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
    program(whole, NULL, V "in vec2 t; out vec4 c; void main() { c = vec4(t.x * 0.5, 0.9, 0.9, t.y); }");
    cover();
    glDisable(GL_BLEND);
    glBindFramebuffer(GL_FRAMEBUFFER, target);
    glViewport(64, i * 64, 64, 64);
    set(program(whole, NULL, V "in vec2 t; out vec4 c; uniform sampler2D s; void main() { c = texture(s, t); }"), "s", 0);
    cover();
  }
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)noise();
  glGenBuffers(1, &b);
  glBindBuffer(GL_TEXTURE_BUFFER, b);
  glBufferData(GL_TEXTURE_BUFFER, sizeof data, data, GL_STATIC_DRAW);
  glGenTextures(1, &bt);
  glBindTexture(GL_TEXTURE_BUFFER, bt);
  glTexBuffer(GL_TEXTURE_BUFFER, GL_LUMINANCE8_ALPHA8, b);
  glViewport(0, 64, 64, 64);
  set(program(whole, NULL,
              V "in vec2 t; out vec4 c; uniform samplerBuffer s;"
                " void main() { c = texelFetch(s, int(t.y * 8.0) * 8 + int(t.x * 8.0)); }"), "s", 0);
  cover();
  glDeleteTextures(2, t);
  glDeleteTextures(1, &bt);
  glDeleteBuffers(1, &b);
  glDeleteFramebuffers(1, &f);
}

static void integers(void) {
  GLuint t, b, bt;
  int data[16 * 16 * 4];
  for (int i = 0; i < 16 * 16 * 4; i++) data[i] = (int)noise() - 128;
  glGenTextures(1, &t);
  glBindTexture(GL_TEXTURE_2D, t);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA32I, 16, 16, 0, GL_RGBA_INTEGER, GL_INT, data);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glGenBuffers(1, &b);
  glBindBuffer(GL_TEXTURE_BUFFER, b);
  glBufferData(GL_TEXTURE_BUFFER, sizeof data, data, GL_STATIC_DRAW);
  glGenTextures(1, &bt);
  glActiveTexture(GL_TEXTURE1);
  glBindTexture(GL_TEXTURE_BUFFER, bt);
  glTexBuffer(GL_TEXTURE_BUFFER, GL_RGBA8UI, b);
  GLuint p = program(whole, NULL, V "in vec2 t; out vec4 c; uniform isampler2D s; uniform usamplerBuffer u; void main() {"
                                    " ivec4 a = texture(s, t); uvec4 d = texelFetch(u, int(t.x * 32.0) + int(t.y * 32.0) * 32);"
                                    " int n = 0; for (int i = 0; i < 4; i++) { if ((a[i] & 1) == 0) continue; n += a[i] >> 1; if (n > 99) break; }"
                                    " uint m = (d.x * 7u) / 3u % 256u ^ (d.y << 3) ; c = vec4(float(n + 128) / 255.0, float(m & 255u) / 255.0,"
                                    " float(a.w < 0) * 0.5, 1.0); }");
  set(p, "s", 0);
  set(p, "u", 1);
  cover();
  glActiveTexture(GL_TEXTURE0);
  glDeleteTextures(1, &t);
  glDeleteTextures(1, &bt);
  glDeleteBuffers(1, &b);
}

static void dual_source(void) {
  GLuint p = glCreateProgram();
  glAttachShader(p, shader(GL_VERTEX_SHADER, whole));
  glAttachShader(p, shader(GL_FRAGMENT_SHADER, V "in vec2 t; out vec4 a; out vec4 b; void main() { a = vec4(t, 0.0, 1.0); b = vec4(1.0 - t.y, t.x, 0.5, 1.0); }"));
  glBindFragDataLocationIndexed(p, 0, 0, "a");
  glBindFragDataLocationIndexed(p, 0, 1, "b");
  link_program(p);
  glEnable(GL_BLEND);
  glBlendFunc(GL_ONE_MINUS_SRC1_COLOR, GL_SRC1_COLOR);
  glClearColor(0.2f, 0.9f, 0.6f, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  cover();
}

static void vertices(void) {
  static const int ints[] = {-9, -9, -2, -9, -9, -2};
  static const double doubles[] = {-0.1, -0.9, 0, 0.6, -0.9, 0, -0.1, -0.3, 0};
  static const unsigned char bytes[] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
  static const short shorts[] = {-32768, 3000, -10000, 3000, -32768, 30000};
  static const unsigned packed[] = {0x3ff, 0xffc00, 0x3ff00000};
  glEnableClientState(GL_VERTEX_ARRAY);
  glEnableClientState(GL_COLOR_ARRAY);
  glColorPointer(3, GL_UNSIGNED_BYTE, 0, bytes);
  glVertexPointer(2, GL_INT, 0, ints);
  glPushMatrix();
  glScalef(0.1f, 0.1f, 1);
  glDrawArrays(GL_TRIANGLES, 0, 3);
  glPopMatrix();
  glVertexPointer(3, GL_DOUBLE, 0, doubles);
  glDrawArrays(GL_TRIANGLES, 0, 3);
  glColorPointer(GL_BGRA, GL_UNSIGNED_INT_2_10_10_10_REV, 0, packed);
  glVertexPointer(2, GL_SHORT, 0, shorts);
  glScalef(1 / 34000.0f, 1 / 34000.0f, 1);
  glDrawArrays(GL_TRIANGLES, 0, 3);
  glDisableClientState(GL_VERTEX_ARRAY);
  glDisableClientState(GL_COLOR_ARRAY);
}

static void coordinates(void) {
  program(whole, NULL, V "in vec2 t; out vec4 c; void main() { vec2 f = gl_FragCoord.xy; c = vec4(f / 128.0,"
                         " fract((f.x + f.y) / 16.0), 1.0); if (mod(floor(f.x / 8.0) + floor(f.y / 8.0), 4.0) < 1.0) discard;"
                         " c.b += abs(dFdx(t.x)) * 20.0 + fwidth(t.y) * 10.0; if (!gl_FrontFacing) c = vec4(1.0); gl_FragDepth = t.x; }");
  cover();
  glViewport(30, 40, 50, 60);
  glEnable(GL_DEPTH_TEST);
  program(whole, NULL, V "in vec2 t; out vec4 c; void main() { c = vec4(1.0, t.x, gl_FragCoord.z, 1.0); }");
  cover();
}

static const struct {
  const char *name;
  void (*draw)(void);
} scenes[] = {
    {"lighting", lighting},   {"two_sides", two_sides}, {"textured", textured},     {"mipmaps", mipmaps},
    {"wraps", wraps},         {"environments", environments},
    {"alpha_test", alpha_test}, {"stencil", stencil},   {"blending", blending},     {"sprites", sprites},
    {"fog", fog},             {"clip_planes", clip_planes}, {"polygon_offset", polygon_offset}, {"depth", depth},
    {"volumes", volumes},     {"several_targets", several_targets}, {"instances", instances}, {"feedback", feedback},
    {"queries", queries},     {"geometry", geometry},   {"multisample", multisample}, {"primitives", primitives},
    {"stipple", stipple},     {"shadows", shadows},     {"copies", copies},         {"uploads", uploads},
    {"formats", formats},     {"integers", integers},   {"dual_source", dual_source}, {"vertices", vertices},
    {"coordinates", coordinates}, {"emulated", emulated},
};

static void context(void) {
  PFNEGLGETPLATFORMDISPLAYEXTPROC display_of = (PFNEGLGETPLATFORMDISPLAYEXTPROC)eglGetProcAddress("eglGetPlatformDisplayEXT");
  EGLDisplay display = display_of ? display_of(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL) : EGL_NO_DISPLAY;
  if (!eglInitialize(display, NULL, NULL)) die("EGL has no display");
  static const EGLint wish[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE};
  static const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
                                   EGL_CONTEXT_OPENGL_COMPATIBILITY_PROFILE_BIT, EGL_NONE};
  EGLConfig config;
  EGLint count = 0;
  eglBindAPI(EGL_OPENGL_API);
  if (!eglChooseConfig(display, wish, &config, 1, &count) || count == 0) die("EGL has no configuration");
  EGLContext c = eglCreateContext(display, config, EGL_NO_CONTEXT, version);
  if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, c)) die("EGL has no OpenGL 3.3");
}

int main(int argc, char **argv) {
  static unsigned char pixels[SIZE * SIZE * 4];
  if (argc < 2) die("which FILE?");
  context();
  fprintf(stderr, "%s\n", (const char *)glGetString(GL_RENDERER));
  FILE *file = fopen(argv[1], "wb");
  if (!file) die("the file cannot be written");
  GLuint r[2];
  glGenFramebuffers(1, &target);
  glGenRenderbuffers(2, r);
  glBindFramebuffer(GL_FRAMEBUFFER, target);
  glBindRenderbuffer(GL_RENDERBUFFER, r[0]);
  glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, SIZE, SIZE);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, r[0]);
  glBindRenderbuffer(GL_RENDERBUFFER, r[1]);
  glRenderbufferStorage(GL_RENDERBUFFER, GL_DEPTH24_STENCIL8, SIZE, SIZE);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_STENCIL_ATTACHMENT, GL_RENDERBUFFER, r[1]);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) die("the framebuffer is incomplete");
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
    int wanted = argc == 2;
    for (int k = 2; k < argc; k++) wanted |= strcmp(argv[k], scenes[i].name) == 0;
    if (!wanted) continue;
    glPushAttrib(GL_ALL_ATTRIB_BITS);
    glPushClientAttrib(GL_CLIENT_ALL_ATTRIB_BITS);
    glMatrixMode(GL_PROJECTION);
    glLoadIdentity();
    glMatrixMode(GL_MODELVIEW);
    glLoadIdentity();
    glViewport(0, 0, SIZE, SIZE);
    glUseProgram(0);
    glClearColor(0.1f, 0.1f, 0.2f, 1);
    glClearStencil(0);
    glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT);
    noise_state = 1;
    scenes[i].draw();
    glBindFramebuffer(GL_FRAMEBUFFER, target);
    glReadPixels(0, 0, SIZE, SIZE, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
    GLenum error = glGetError();
    printf("%s%s\n", scenes[i].name, error ? " has an error" : "");
    if (error) fprintf(stderr, "gl_features: %s: GL error 0x%x\n", scenes[i].name, error);
    fwrite(pixels, sizeof pixels, 1, file);
    glUseProgram(0);
    glPopClientAttrib();
    glPopAttrib();
    glDisableVertexAttribArray(0);
  }
  return fclose(file) != 0;
}
