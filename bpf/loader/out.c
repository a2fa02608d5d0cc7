/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../record.h"

#define OUT_BYTES (256 << 10)
#define TEXT_MAX 2048

static char buffer[OUT_BYTES];
static size_t used;

void out_flush(void)
{
	size_t done = 0;

	while (done < used) {
		ssize_t n = write(STDOUT_FILENO, buffer + done, used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);	/* the agent is gone: its probes go with this process */
		done += n;
	}
	used = 0;
}

void out_record(const void *record, size_t len)
{
	if (len > OUT_BYTES)
		return;
	if (used + len > OUT_BYTES)
		out_flush();
	memcpy(buffer + used, record, len);
	used += len;
}

static size_t put_text(char *dst, const char *format, va_list args)
{
	struct rec_field field = { .tag = TAG_LOADER_TEXT };
	int n = vsnprintf(dst + sizeof(field), TEXT_MAX, format, args);

	if (n < 0)
		n = 0;
	field.full_len = n;
	field.len = n < TEXT_MAX ? n : TEXT_MAX - 1;
	memcpy(dst, &field, sizeof(field));
	return sizeof(field) + field.len;
}

static void send_with_text(void *record, size_t head, size_t text)
{
	struct rec_hdr *hdr = record;
	size_t len = (head + text + 7) & ~7UL;

	hdr->len = len;
	hdr->version = REC_VERSION;
	out_record(record, len);
	out_flush();
}

void out_text(unsigned short type, const char *format, ...)
{
	char record[sizeof(struct rec_hdr) + sizeof(struct rec_field) + TEXT_MAX + 8] = {};
	va_list args;
	size_t text;

	((struct rec_hdr *)record)->type = type;
	va_start(args, format);
	text = put_text(record + sizeof(struct rec_hdr), format, args);
	va_end(args);
	send_with_text(record, sizeof(struct rec_hdr), text);
}

void out_reply(unsigned int seq, int error, const char *format, ...)
{
	char record[sizeof(struct rec_reply) + sizeof(struct rec_field) + TEXT_MAX + 8] = {};
	struct rec_reply *reply = (struct rec_reply *)record;
	va_list args;
	size_t text;

	reply->hdr.type = REC_REPLY;
	reply->seq = seq;
	reply->error = error;
	va_start(args, format);
	text = put_text(record + sizeof(*reply), format, args);
	va_end(args);
	send_with_text(record, sizeof(*reply), text);
}
