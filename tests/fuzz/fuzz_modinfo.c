// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a module, as a kernel that may be signed, as a signature and as a list of keys:
 * what it says of itself stays within its bounds, and so does who looks for the signature.
 */
#define _GNU_SOURCE

#include "cli/image/modinfo.c"
#include "cli/image/pe.c"
#include "cli/image/signature.c"
#include "cli/image/signer.c"
#include "cli/base/sha256.c"
#include "cli/base/util.c"

/* Without this the fuzzer would have to find the magic before it gets to anything. */
static void look_for_signer(const uint8_t *data, size_t bytes)
{
	uint8_t *module = need(malloc(bytes + TRAILER_BYTES + TRAILER_MAGIC));
	uint8_t *trailer = module + bytes;
	struct signer s;

	if (bytes)
		memcpy(module, data, bytes);
	memset(trailer, 0, TRAILER_BYTES);
	trailer[TRAILER_TYPE] = TRAILER_PKCS7;
	trailer[TRAILER_LENGTH + 2] = (uint8_t)(bytes >> 8);
	trailer[TRAILER_LENGTH + 3] = (uint8_t)bytes;
	memcpy(trailer + TRAILER_BYTES, "~Module signature appended~\n",
	       TRAILER_MAGIC);
	if (signer_of_module(&s, module,
			     bytes + TRAILER_BYTES + TRAILER_MAGIC) &&
	    (!s.id_bytes || s.id_bytes > sizeof(s.id) ||
	     strlen(s.name) >= sizeof(s.name)))
		abort();
	signer_listed(&s, data, bytes);
	signer_file_listed(&s, data, bytes);
	signer_of_kernel(&s, data, bytes);
	free(module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct modinfo m;
	unsigned int i;

	signature_of_kernel(data, bytes);
	look_for_signer(data, bytes);
	modinfo_parse(&m, data, bytes);
	if (m.nr_wires > MODINFO_WIRES ||
	    strlen(m.release) >= sizeof(m.release))
		abort();
	for (i = 0; i < m.nr_wires; i++)
		modinfo_understands(&m, &m.wire[i]);
	return 0;
}
