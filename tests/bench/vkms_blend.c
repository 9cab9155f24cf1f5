/*
 * The C side of the composition bench: planes of 32 bits a pixel over one another, with the arithmetic of
 * drivers/gpu/vkms: opaque ones as words, blended ones in rows of 16-bit channels, of the kernel's vkms.
 * vkms_blend opaque|blended WIDTH HEIGHT PLANES FRAMES prints nanoseconds a frame, of the median frame.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static NOINLINE void copy_row(uint32_t *restrict out, const uint32_t *restrict in, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = in[i] | 0xff000000u;
}

/* a, r, g, b of 16 bits */
static NOINLINE void widen_row(uint16_t *restrict row, const uint32_t *restrict in, int n)
{
	for (int i = 0; i < n; i++) {
		row[4 * i] = 0xffff;
		row[4 * i + 1] = (in[i] >> 16 & 255) * 257;
		row[4 * i + 2] = (in[i] >> 8 & 255) * 257;
		row[4 * i + 3] = (in[i] & 255) * 257;
	}
}

/* DIV_ROUND_CLOSEST(s * 0xffff + d * (0xffff - a), 0xffff) for 8-bit s and a, which comes to this */
static NOINLINE void blend_row(uint16_t *restrict row, const uint32_t *restrict in, int n)
{
	for (int i = 0; i < n; i++) {
		uint32_t p = in[i], rest = 255 - (p >> 24);
		row[4 * i] = 0xffff;
		row[4 * i + 1] = (p >> 16 & 255) * 257 + (row[4 * i + 1] * rest + 127) / 255;
		row[4 * i + 2] = (p >> 8 & 255) * 257 + (row[4 * i + 2] * rest + 127) / 255;
		row[4 * i + 3] = (p & 255) * 257 + (row[4 * i + 3] * rest + 127) / 255;
	}
}

static NOINLINE void narrow_row(uint32_t *restrict out, const uint16_t *restrict row, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = 0xff000000u | (row[4 * i + 1] + 128u) / 257 << 16 | (row[4 * i + 2] + 128u) / 257 << 8 |
			 (row[4 * i + 3] + 128u) / 257;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	int blended = !strcmp(argv[1], "blended");
	int width = atoi(argv[2]), height = atoi(argv[3]), planes = atoi(argv[4]), frames = atoi(argv[5]);
	size_t pixels = (size_t)width * height;
	uint32_t **in = malloc((planes + 1) * sizeof(*in)), *out = malloc(pixels * 4);
	uint16_t *row = malloc((size_t)width * 8);
	double *times = malloc(frames * sizeof(*times));
	uint32_t seed = 1;

	for (int p = 0; p <= planes; p++) {
		in[p] = malloc(pixels * 4);
		for (size_t i = 0; i < pixels; i++) {
			uint32_t a, word;
			seed = seed * 1664525 + 1013904223;
			a = p ? seed >> 24 : 255;
			word = a << 24;
			for (int c = 0; c < 24; c += 8)
				word |= ((seed >> c & 255) * a / 255) << c;
			in[p][i] = word;
		}
	}
	memset(out, 0, pixels * 4);
	for (int f = -3; f < frames; f++) {
		double start = now();
		for (int y = 0; y < height; y++) {
			size_t at = (size_t)y * width;
			if (!blended) {
				for (int p = 0; p < planes; p++)
					copy_row(out + at, in[p] + at, width);
				continue;
			}
			widen_row(row, in[0] + at, width);
			for (int p = 1; p <= planes; p++)
				blend_row(row, in[p] + at, width);
			narrow_row(out + at, row, width);
		}
		if (f >= 0)
			times[f] = now() - start;
	}
	qsort(times, frames, sizeof(*times), ascending);
	printf("%.0f\n", times[frames / 2]);
	return out[0] == 1; /* the work is used */
}
