#include "tools/output.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "simdclip/error.h"
#include "tools/progress.h"

namespace simdclip::tools {
namespace {

void check_output(bool good) {
  if (!good) throw Error(ErrorCode::io, std::string("stdout: cannot be written: ") + std::strerror(errno));
}

template <typename Float>
std::string shortest(Float value) {
  if (!std::isfinite(value)) return "null";  // JSON has no other word for it
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value);
  return std::string(std::begin(text), end.ptr);
}

// Columns that a terminal shows for UTF-8 text, as far as a table needs: code points.
size_t columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

void print(std::string_view text) {
  check_output(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

void finish_output() { check_output(std::fflush(stdout) == 0 && std::ferror(stdout) == 0); }

void message(const std::string& text, Lines lines) {
  Progress::clear_line();
  std::string out = "simdclip: ";
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = lines == Lines::several ? std::min(text.find('\n', begin), text.size()) : text.size();
    out += shown(std::string_view(text).substr(begin, end - begin)) + '\n';
    begin = end + 1;
  }
  std::fputs(out.c_str(), stderr);
}

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(byte));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out;
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string json_number(float value) { return shortest(value); }
std::string json_number(double value) { return shortest(value); }

PictureReport::PictureReport(bool json, std::string between) : json_(json), between_(std::move(between)) {
  if (json_) print("{\"pictures\": [");
}
void PictureReport::add(const std::string& one) {
  Progress::clear_line();
  print((count_ == 0 ? "" : json_ ? ",\n" : between_) + one);
  ++count_;
}
void PictureReport::finish(const std::string& more) {
  if (json_) print("]" + more + "}\n");
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& right) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns(row[i]), ' ');
      const bool to_the_right = std::find(right.begin(), right.end(), i) != right.end();
      line += (i == 0 ? "" : "  ") + (to_the_right ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + "\r\n";
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace simdclip::tools
