// EXIF's eight orientations as what they do to the axes.
#pragma once

namespace simdclip {

// Where pixel (x, y) of the upright picture lies in the stored one: the axes change places first, then each
// may run backwards.
struct Turn {
  bool swap = false, flip_x = false, flip_y = false;
  bool any() const noexcept { return swap || flip_x || flip_y; }
};

Turn turn_of(int orientation) noexcept;

}  // namespace simdclip
