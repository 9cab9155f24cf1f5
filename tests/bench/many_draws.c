/*
 * Draws many small triangles, each a draw of its own with a uniform of its own, as games' user interfaces and CAD programs do,
 * and prints how many draws a second it reached. Usage: many_draws SECONDS
 */
#define GL_GLEXT_PROTOTYPES
#include <GL/gl.h>
#include <GL/glext.h>
#include <GL/glx.h>
#include <X11/Xlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DRAWS 2000
#define SIDE 256

static const char *vertex_source =
    "uniform vec2 place;\n"
    "void main() { gl_Position = vec4(gl_Vertex.xy + place, 0.0, 1.0); }\n";
static const char *fragment_source =
    "uniform vec4 tint;\n"
    "void main() { gl_FragColor = tint; }\n";

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static GLuint shader(GLenum type, const char *source)
{
	GLint good = 0;
	GLuint made = glCreateShader(type);
	glShaderSource(made, 1, &source, NULL);
	glCompileShader(made);
	glGetShaderiv(made, GL_COMPILE_STATUS, &good);
	if (!good) {
		fprintf(stderr, "many_draws: the shader does not compile\n");
		exit(1);
	}
	return made;
}

int main(int argc, char **argv)
{
	const double seconds = argc > 1 ? atof(argv[1]) : 2;
	int wanted[] = { GLX_RGBA, GLX_DOUBLEBUFFER, None };
	Display *display = XOpenDisplay(NULL);
	if (!display) {
		fprintf(stderr, "many_draws: no display\n");
		return 1;
	}
	XVisualInfo *visual = glXChooseVisual(display, DefaultScreen(display), wanted);
	if (!visual) {
		fprintf(stderr, "many_draws: no visual\n");
		return 1;
	}
	Window root = RootWindow(display, visual->screen);
	XSetWindowAttributes attributes = { .colormap = XCreateColormap(display, root, visual->visual, AllocNone) };
	Window window = XCreateWindow(display, root, 0, 0, SIDE, SIDE, 0, visual->depth, InputOutput, visual->visual,
				      CWColormap | CWBorderPixel, &attributes);
	XMapWindow(display, window);
	GLXContext context = glXCreateContext(display, visual, NULL, True);
	if (!context || !glXMakeCurrent(display, window, context)) {
		fprintf(stderr, "many_draws: no context\n");
		return 1;
	}
	GLuint program = glCreateProgram();
	glAttachShader(program, shader(GL_VERTEX_SHADER, vertex_source));
	glAttachShader(program, shader(GL_FRAGMENT_SHADER, fragment_source));
	glLinkProgram(program);
	glUseProgram(program);
	GLint place = glGetUniformLocation(program, "place"), tint = glGetUniformLocation(program, "tint");
	const float triangle[] = { 0, 0, 0.02f, 0, 0, 0.02f };
	GLuint buffer;
	glGenBuffers(1, &buffer);
	glBindBuffer(GL_ARRAY_BUFFER, buffer);
	glBufferData(GL_ARRAY_BUFFER, sizeof triangle, triangle, GL_STATIC_DRAW);
	glEnableClientState(GL_VERTEX_ARRAY);
	glVertexPointer(2, GL_FLOAT, 0, NULL);
	unsigned char pixel[4];
	long draws = 0;
	double start = 0;
	for (int frame = 0;; frame++) {
		if (frame == 3) { /* compiled and warm */
			start = now();
			draws = 0;
		}
		glClear(GL_COLOR_BUFFER_BIT);
		for (int i = 0; i < DRAWS; i++) {
			glUniform2f(place, (i % 50) / 25.0f - 1, (i / 50) / 20.0f - 1);
			glUniform4f(tint, (i & 7) / 7.0f, (i >> 3 & 7) / 7.0f, (frame & 7) / 7.0f, 1);
			glDrawArrays(GL_TRIANGLES, 0, 3);
		}
		draws += DRAWS;
		glReadPixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel);
		if (frame >= 3 && now() - start > seconds)
			break;
	}
	printf("draws/s: %.0f\n", draws / (now() - start));
	return glGetError() != 0;
}
