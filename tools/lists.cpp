// Files of names: one a line, JSON arrays, tables.
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/common.h"

namespace simdclip::tools {
namespace {

// A quoted field may hold commas, "" for a quote, and line breaks; `at` moves behind the field.
std::string csv_field(const std::string& text, size_t& at) {
  std::string field;
  if (at < text.size() && text[at] == '"') {
    for (++at; at < text.size(); ++at) {
      if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
      if (text[at] == '"') ++at;
      field += text[at];
    }
    if (at < text.size()) ++at;
  }
  while (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') field += text[at++];
  return field;
}

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  for (size_t at = 0; at < text.size();) {
    std::vector<std::string> row = {csv_field(text, at)};
    while (at < text.size() && text[at] == ',') row.push_back(csv_field(text, ++at));
    while (at < text.size() && (text[at] == '\r' || text[at] == '\n')) ++at;
    if (row.size() > 1 || !row[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> lines_of(const std::string& path) {
  TextArguments lines;
  lines.file = path;
  return lines.all();
}

}  // namespace

void CacheArguments::declare(Arguments& arguments) {
  arguments.text("--cache", folder, "FOLDER|off",
                 "Where embeddings of texts are kept for the next run (default: simdclip in $XDG_CACHE_HOME "
                 "or ~/.cache)");
}
CacheOptions CacheArguments::options() const {
  if (folder == "off") return {.enabled = false, .folder = {}};
  return {.enabled = true, .folder = folder};
}

std::vector<std::string> read_list(const std::string& path, const std::string& what) {
  std::vector<std::string> lines = lines_of(path);
  if (!lines.empty() && lines[0].starts_with("[")) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_array()) {
      lines.clear();
      for (const auto& entry : document) {
        if (!entry.is_string())
          throw Error(ErrorCode::damaged,
                      path + ": a JSON array of other things than strings, expected " + what);
        lines.push_back(entry.get<std::string>());
      }
    }
  }
  std::erase(lines, std::string());
  if (lines.empty())
    throw Error(ErrorCode::not_found,
                path + ": holds no " + what + ", expected one a line or a JSON array of strings");
  return lines;
}

std::vector<std::vector<std::string>> read_table(const std::string& path) {
  const std::vector<std::string> lines = lines_of(path);
  if (lines[0].find('\t') == std::string::npos) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return csv_rows(text);
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    rows.emplace_back();
    for (size_t begin = 0; begin <= line.size();) {
      const size_t end = std::min(line.find('\t', begin), line.size());
      rows.back().push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return rows;
}

}  // namespace simdclip::tools
