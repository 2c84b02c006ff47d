// Whether a file is a picture, by its first bytes.
#pragma once

#include <string_view>

namespace simdclip {

inline constexpr size_t kPictureHead = 16;  // bytes that tell

// How each kind of picture begins. Kinds that the decoder refuses count too: they are reported, not passed
// over.
bool begins_like_picture(std::string_view head);
// The same, or a file named .tga: TGA has no mark of its own.
bool is_picture(std::string_view name, std::string_view head);

}  // namespace simdclip
