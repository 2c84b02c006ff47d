// The bytes that a garbled text was decoded from: repairs before they are decoded again.
#pragma once

#include <optional>
#include <string>

namespace simdclip {

// Whether a space in it stands where a byte A0 would complete a UTF-8 sequence.
bool has_altered_utf8(const std::string& bytes);

// Puts the A0 back.
void restore_byte_a0(std::string& bytes);

// UTF-8 sequences of which a byte was lost (now 1A or '?') become U+FFFD.
void replace_lossy_sequences(std::string& bytes);

// Strict UTF-8, or with `variants` also CESU-8's surrogate pairs and Java's C0 80. Nothing when it is
// neither.
std::optional<std::u32string> decode_strictly(const std::string& bytes, bool variants);

}  // namespace simdclip
