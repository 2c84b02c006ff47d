// Results on stdout, messages on stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simdclip::tools {

// To stdout. Throws Error io when it cannot be written (a full disk, a closed descriptor).
void print(std::string_view text);
void finish_output();  // flushes, with the same error

// "simdclip: text\n" to stderr; a progress bar on the same line is cleared first.
enum class Lines { one, several };  // several: line breaks in the text are kept
void message(const std::string& text, Lines lines = Lines::one);

// For people: control characters as \n, \t, \x1b, so that a file's name can neither break a table nor drive a
// terminal.
std::string shown(std::string_view text);

// JSON pieces. Bytes that are no UTF-8 become U+FFFD; a number is the shortest that reads back as the same
// float.
std::string json_string(std::string_view text);
std::string json_number(float value);
std::string json_number(double value);

// item(0), ..., item(n - 1) with the separator between; json_list: the same in brackets.
template <typename Item>
std::string listed(size_t n, const Item& item, std::string_view separator = ", ") {
  std::string out;
  for (size_t i = 0; i < n; ++i) {
    if (i > 0) out += separator;
    out += item(i);
  }
  return out;
}
template <typename Item>
std::string json_list(size_t n, const Item& item, std::string_view separator = ", ") {
  return "[" + listed(n, item, separator) + "]";
}

// What is printed of one picture after another: {"pictures": [...]}, or texts.
class PictureReport {
 public:
  // between: what stands between two texts where it is no JSON.
  explicit PictureReport(bool json, std::string between = "");
  void add(const std::string& one);
  void finish(const std::string& more = "");  // more: the document's other fields, each with its comma
  size_t count() const noexcept { return count_; }

 private:
  bool json_;
  std::string between_;
  size_t count_ = 0;
};

// Columns padded to their widest cell; `right` names the columns of numbers. Each row has as many cells as
// the first.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& right = {});

// One line of CSV (RFC 4180), with its line end.
std::string csv_line(const std::vector<std::string>& fields);

// printf's %.*f
std::string fixed(double value, int digits);

}  // namespace simdclip::tools
