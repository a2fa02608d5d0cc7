/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct member {
	const char *name;
	size_t offset;
	size_t size;
	int required;
};

#define MEMBER(name, required) { #name, offsetof(struct target_config, name), sizeof(((struct target_config *)0)->name), required }
#define HTTP2_MEMBER(variant, name)                                                   \
	{ "http2." #variant "." #name, offsetof(struct target_config, http2[variant].name), \
	  sizeof(((struct http2_layout *)0)->name), 0 }
#define REQUEST_MEMBER(name, required)                                          \
	{ "request_" #name, offsetof(struct target_config, request.name), \
	  sizeof(((struct request_layout *)0)->name), required }
#define HTTP2_REQUEST_MEMBER(variant, name)                                                                       \
	{ "http2." #variant ".request_" #name, offsetof(struct target_config, http2[variant].request.name), \
	  sizeof(((struct request_layout *)0)->name), 0 }
#define HTTP2_MEMBERS(variant)                                                                          \
	HTTP2_MEMBER(variant, conn_rwc), HTTP2_MEMBER(variant, conn_bw), HTTP2_MEMBER(variant, bw_bw),  \
	HTTP2_MEMBER(variant, rw_rws), HTTP2_MEMBER(variant, rws_stream), HTTP2_MEMBER(variant, rws_written), \
	HTTP2_MEMBER(variant, stream_id), HTTP2_MEMBER(variant, stream_body),                           \
	HTTP2_MEMBER(variant, frame_id), HTTP2_MEMBER(variant, frame_headers),                          \
	HTTP2_MEMBER(variant, rws_status), HTTP2_MEMBER(variant, close_partial),                        \
	HTTP2_MEMBER(variant, process_reset), HTTP2_MEMBER(variant, process_reset_end),                 \
	HTTP2_MEMBER(variant, close_all), HTTP2_MEMBER(variant, close_all_end),                         \
	HTTP2_REQUEST_MEMBER(variant, method), HTTP2_REQUEST_MEMBER(variant, proto_major),              \
	HTTP2_REQUEST_MEMBER(variant, proto_minor), HTTP2_REQUEST_MEMBER(variant, header),              \
	HTTP2_REQUEST_MEMBER(variant, content_length), HTTP2_REQUEST_MEMBER(variant, host),             \
	HTTP2_REQUEST_MEMBER(variant, remote_addr), HTTP2_REQUEST_MEMBER(variant, uri),                 \
	HTTP2_REQUEST_MEMBER(variant, tls)

static const struct member members[] = {
	MEMBER(type_response, 1),
	MEMBER(type_tcp_conn, 0),
	MEMBER(type_unix_conn, 0),
	MEMBER(type_tls_conn, 0),
	MEMBER(type_net_conn, 0),
	MEMBER(rodata, 0),
	MEMBER(rodata_end, 0),
	MEMBER(type_op_error, 0),
	MEMBER(type_timeout, 0),
	MEMBER(mutex_unlock, 0),
	MEMBER(mutex_unlock_end, 0),
	MEMBER(runtime_futex, 0),
	MEMBER(runtime_futex_end, 0),
	MEMBER(deferreturn, 0),
	MEMBER(deferreturn_end, 0),
	MEMBER(g_goid, 1),
	MEMBER(g_m, 0),
	MEMBER(m_curg, 0),
	MEMBER(m_preemptoff, 0),
	MEMBER(g_parent_goid, 0),
	MEMBER(g_waitreason, 0),
	MEMBER(stw_has_reason, 0),
	MEMBER(conn_reader_conn, 0),
	MEMBER(tls_g, 0),
	MEMBER(fd_sysfd, 0),
	MEMBER(op_error_err, 0),
	MEMBER(tls_conn, 0),
	MEMBER(bufio_writer_n, 0),
	MEMBER(response_conn, 1),
	MEMBER(response_req, 0),
	MEMBER(response_written, 1),
	MEMBER(response_status, 0),
	MEMBER(response_handler_done, 0),
	MEMBER(conn_rwc, 1),
	MEMBER(conn_hijacked, 0),
	MEMBER(conn_cur_req, 0),
	REQUEST_MEMBER(method, 1),
	REQUEST_MEMBER(proto_major, 1),
	REQUEST_MEMBER(proto_minor, 1),
	REQUEST_MEMBER(header, 1),
	REQUEST_MEMBER(content_length, 1),
	REQUEST_MEMBER(host, 1),
	REQUEST_MEMBER(remote_addr, 1),
	REQUEST_MEMBER(uri, 1),
	REQUEST_MEMBER(tls, 1),
	MEMBER(request_ctx, 0),
	MEMBER(request_pattern, 0),
	MEMBER(request_pat, 0),
	MEMBER(pattern_str, 0),
	MEMBER(hmap_b, 0),
	MEMBER(hmap_buckets, 0),
	MEMBER(map_used, 0),
	MEMBER(map_dir_ptr, 0),
	MEMBER(map_dir_len, 0),
	MEMBER(table_groups, 0),
	MEMBER(map_kind, 0),
	HTTP2_MEMBERS(0),
	HTTP2_MEMBERS(1),
	MEMBER(jump_roles, 0),
	MEMBER(stepped_roles, 0),
	MEMBER(min_duration, 0),
	MEMBER(sample_threshold, 0),
	MEMBER(weight, 0),
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* net/http.Request is read up to here (bpf/request.h). */
#define REQUEST_BYTES 256

void config_init(struct target_config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].size == sizeof(unsigned short))
			*(unsigned short *)((char *)config + members[i].offset) = NO_OFFSET;
	config->map_kind = MAP_UNKNOWN;
	config->tls_g = 0;
	config->sample_threshold = 0xffffffff;
	config->weight = 1;
}

/* `reason_wait.N` */
static int set_reason(struct target_config *config, const char *index, long long value)
{
	unsigned int n;

	if (sscanf(index, "%u", &n) != 1 || n >= REASONS || value < 0 || value > 255)
		return -ERANGE;
	config->reason_wait[n] = value;
	return 0;
}

/* `sync_text.N`, `sync_size.N` */
static int set_range(struct target_config *config, const char *name, long long value)
{
	bool is_size = !strncmp(name, "size.", 5);
	unsigned int n;

	if (sscanf(name + 5, "%u", &n) != 1 || n >= SYNC_RANGES)
		return -ERANGE;
	if (is_size)
		config->sync_text[n].size = value;
	else
		config->sync_text[n].start = value;
	return 0;
}

int config_set(struct target_config *config, const char *name, long long value)
{
	if (!strncmp(name, "reason_wait.", 12))
		return set_reason(config, name + 12, value);
	if (!strncmp(name, "sync_text.", 10) || !strncmp(name, "sync_size.", 10))
		return set_range(config, name + 5, value);
	for (size_t i = 0; i < MEMBERS; i++) {
		char *at = (char *)config + members[i].offset;

		if (strcmp(members[i].name, name) != 0)
			continue;
		switch (members[i].size) {
		case 2:
			if (value < -32768 || value >= NO_OFFSET)
				return -ERANGE;
			*(unsigned short *)at = value;
			return 0;
		case 4:
			if (value < 0 || value > 0xffffffffLL)
				return -ERANGE;
			*(unsigned int *)at = value;
			return 0;
		default:
			*(unsigned long long *)at = value;
			return 0;
		}
	}
	return -ENOENT;
}

int config_header(struct target_config *config, unsigned int index, const char *name)
{
	size_t len = strlen(name);
	unsigned char *link;

	if (index >= HDR_WANTED)
		return -ERANGE;
	if (len == 0 || len >= HDR_NAME_MAX)
		return -EINVAL;
	if (config->headers[index].len)
		return -EINVAL;
	memset(&config->headers[index], 0, sizeof(config->headers[index]));
	config->headers[index].len = len;
	memcpy(config->headers[index].name, name, len);
	link = &config->header_by_len[len];
	while (*link)
		link = &config->header_next[*link - 1];
	*link = index + 1;
	return 0;
}

int config_check(const struct target_config *config, const char **missing)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *at = (const char *)config + members[i].offset;
		unsigned short offset;

		if (members[i].size != 2) {
			if (members[i].required && !*(const unsigned long long *)at)
				goto refuse;
			continue;
		}
		offset = *(const unsigned short *)at;
		if (members[i].required && offset == NO_OFFSET)
			goto refuse;
		if (members[i].required && !strncmp(members[i].name, "request_", 8) &&
		    offset > REQUEST_BYTES - 16)
			goto refuse;
		continue;
refuse:
		*missing = members[i].name;
		return -EINVAL;
	}
	return 0;
}
