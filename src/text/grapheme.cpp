#include "text/grapheme.h"

#include "text/unicode.h"

namespace simdclip {
namespace {

using Class = GraphemeClass;

Class class_of(char32_t c) noexcept { return static_cast<Class>(unicode_bits(c) >> kGraphemeShift); }

bool extends(Class c) noexcept {
  return c == Class::extend || c == Class::zero_width_joiner || c == Class::linker ||
         c == Class::extend_no_conjunct;
}

bool hangul_joins(Class a, Class b) noexcept {
  switch (a) {
    case Class::hangul_l:
      return b == Class::hangul_l || b == Class::hangul_v || b == Class::hangul_lv || b == Class::hangul_lvt;
    case Class::hangul_lv:
    case Class::hangul_v: return b == Class::hangul_v || b == Class::hangul_t;
    case Class::hangul_lvt:
    case Class::hangul_t: return b == Class::hangul_t;
    default: return false;
  }
}

}  // namespace

size_t grapheme_length(std::u32string_view text) noexcept {
  if (text.size() > 1 && text[0] == U'\r' && text[1] == U'\n') return 2;
  Class previous = class_of(text[0]);
  if (previous == Class::control) return 1;
  // What the rules for emoji (GB11), flags (GB12) and conjuncts (GB9c) have seen so far.
  bool pictographic = previous == Class::pictographic, flag = previous == Class::regional_indicator;
  bool conjunct = previous == Class::consonant, linked = false;
  size_t n = 1;
  for (; n < text.size(); ++n) {
    const Class c = class_of(text[n]);
    if (c == Class::control) break;
    const bool joins = extends(c) || c == Class::spacing_mark || previous == Class::prepend ||
                       hangul_joins(previous, c) ||
                       (c == Class::pictographic && pictographic && previous == Class::zero_width_joiner) ||
                       (c == Class::regional_indicator && flag && previous == Class::regional_indicator) ||
                       (c == Class::consonant && conjunct && linked);
    if (!joins) break;
    pictographic = c == Class::pictographic || (pictographic && extends(c));
    flag = c == Class::regional_indicator && !flag;
    linked = c == Class::linker || (linked && extends(c) && c != Class::extend_no_conjunct);
    conjunct = c == Class::consonant || (conjunct && extends(c) && c != Class::extend_no_conjunct);
    if (c == Class::consonant) linked = false;
    previous = c;
  }
  return n;
}

}  // namespace simdclip
