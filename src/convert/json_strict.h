// JSON of foreign files, read strictly: valid UTF-8, no duplicate keys, bounded depth, nothing after the
// value; and accessors whose errors say which file, which field, what was expected and what was found.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

using Json = nlohmann::json;

// The whole of `text`; `where` begins the message. Error damaged.
Json parse_json(std::string_view text, const std::string& where);

// A file of at most max_bytes. Errors: not_found, io, damaged, too_large.
Json read_json(const std::string& path, uint64_t max_bytes = 64U << 20);

// A small text file as it is. Errors: not_found, io, too_large.
std::string read_text_file(const std::string& path, uint64_t max_bytes = 64U << 20);

// One JSON object with the place it stands at: "config.json: vision_config". A field that is null counts as
// absent.
class JsonObject {
 public:
  // Error damaged when json is no object. The json must outlive this.
  JsonObject(const Json& json, std::string where);

  const std::string& where() const noexcept { return where_; }
  const Json& json() const noexcept { return *json_; }
  bool has(const char* key) const;

  // Errors: missing_info (no such field), damaged (another type or out of range).
  JsonObject object(const char* key) const;
  uint32_t count(const char* key) const;  // 0 < n < 2^31
  std::string text(const char* key) const;
  std::vector<double> numbers(const char* key) const;

  // The same, absent allowed.
  std::optional<JsonObject> find_object(const char* key) const;
  std::optional<uint32_t> find_count(const char* key) const;
  std::optional<std::string> find_text(const char* key) const;
  std::optional<double> find_number(const char* key) const;
  std::optional<bool> find_bool(const char* key) const;
  std::optional<std::vector<double>> find_numbers(const char* key) const;

  // Error unsupported: names the first key that is not among those known.
  void refuse_unknown(std::initializer_list<std::string_view> known) const;
  std::string field(const char* key) const { return where_ + "." + key; }

 private:
  const Json* find(const char* key) const;
  const Json& need(const char* key) const;
  [[noreturn]] void wrong_type(const char* key, const char* expected) const;
  const Json* json_;
  std::string where_;
};

}  // namespace simdclip
