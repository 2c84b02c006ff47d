#include "base/npy_header.h"

#include <charconv>
#include <cstring>
#include <string_view>

#include "base/checked.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

[[noreturn]] void fail_header(const std::string& path, const std::string& what) {
  fail(ErrorCode::damaged, path, ": ", what,
       "; expected a .npy file as numpy.save and simdclip embed write it");
}

// What stands behind 'key': in the dictionary that numpy prints.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& path) {
  const size_t at = header.find("'" + std::string(key) + "'");
  const size_t colon = at == std::string_view::npos ? at : header.find(':', at);
  if (colon == std::string_view::npos) fail_header(path, "the header has no '" + std::string(key) + "'");
  std::string_view rest = header.substr(colon + 1);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return rest;
}

std::vector<uint64_t> parse_shape(std::string_view text, const std::string& path) {
  const size_t close = text.find(')');
  if (text.empty() || text.front() != '(' || close == std::string_view::npos)
    fail_header(path, "the shape is no tuple");
  text = text.substr(1, close - 1);
  std::vector<uint64_t> shape;
  while (true) {
    while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
    if (text.empty()) return shape;
    uint64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || shape.size() == 8) fail_header(path, "the shape cannot be read");
    shape.push_back(extent);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
}

}  // namespace

std::string npy_header(const std::string& descr, std::span<const size_t> shape) {
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (const size_t extent : shape) text += std::to_string(extent) + ", ";
  if (shape.size() > 1) text.resize(text.size() - 2);
  if (shape.size() == 1) text.pop_back();
  text += "), }";
  const std::string magic("\x93NUMPY\x01\x00", 8);
  const size_t size = round_up(magic.size() + 2 + text.size() + 1, kNpyHeaderBytes) - magic.size() - 2;
  text.resize(size - 1, ' ');
  text += '\n';
  return magic + static_cast<char>(size & 0xFFU) + static_cast<char>(size >> 8U) + text;
}

NpyHeader parse_npy_header(std::span<const std::byte> file, const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.size() < 12 || !text.starts_with(kMagic)) fail_header(path, "this is no .npy file");
  const unsigned version = static_cast<unsigned char>(text[6]);
  if (version < 1 || version > 3) {
    fail(ErrorCode::unsupported, path, ": .npy format version ", version, "; versions 1 to 3 are understood");
  }
  const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(text[i])}; };
  const size_t begin = version == 1 ? 10 : 12;
  const uint64_t size =
      version == 1 ? byte(8) | byte(9) << 8U : byte(8) | byte(9) << 8U | byte(10) << 16U | byte(11) << 24U;
  if (size > text.size() - begin) fail_header(path, "the header ends beyond the file");
  const std::string_view header = text.substr(begin, size);

  NpyHeader out;
  const std::string_view descr = value_of(header, "descr", path);
  const size_t quote = descr.size() < 2 ? std::string_view::npos : descr.find('\'', 1);
  if (quote == std::string_view::npos || descr.front() != '\'') fail_header(path, "the type cannot be read");
  out.descr = descr.substr(1, quote - 1);
  if (!value_of(header, "fortran_order", path).starts_with("False")) {
    fail(ErrorCode::unsupported, path, ": is stored by columns (fortran_order); save it in C order");
  }
  out.shape = parse_shape(value_of(header, "shape", path), path);
  out.data = begin + size;
  return out;
}

NpyHeader parse_npy(std::span<const std::byte> file, const std::string& path) {
  NpyHeader out = parse_npy_header(file, path);
  size_t element = 0;
  if (out.descr == "<f4") element = 4;
  if (out.descr == "<f2") element = 2;
  if (out.descr == "|i1") element = 1;
  if (element == 0) {
    fail(ErrorCode::unsupported, path, ": holds values of type ", out.descr,
         "; float32, float16 and int8 are understood");
  }
  const auto bytes = checked_bytes(out.shape, element);
  if (!bytes || *bytes != file.size() - out.data) {
    fail(ErrorCode::damaged, path, ": the shape ", shape_string(out.shape), " needs ",
         bytes ? std::to_string(*bytes) : "more than 2^64", " bytes behind the header, found ",
         file.size() - out.data);
  }
  return out;
}

}  // namespace simdclip
