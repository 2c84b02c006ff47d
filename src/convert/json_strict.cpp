#include "convert/json_strict.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/fail.h"
#include "base/mapped_file.h"

namespace simdclip {
namespace {

constexpr size_t kMaxDepth = 64;

// Sees every token before the document is built: nlohmann keeps the last of two equal keys, we refuse them.
class StrictScan {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  explicit StrictScan(const std::string& where) : where_(where) {}

  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(number_integer_t) { return true; }
  bool number_unsigned(number_unsigned_t) { return true; }
  bool number_float(number_float_t, const string_t&) { return true; }
  bool string(string_t&) { return true; }
  bool binary(binary_t&) { return true; }
  bool start_object(size_t) { return enter(); }
  bool end_object() { return leave(); }
  bool start_array(size_t) { return enter(); }
  bool end_array() { return leave(); }
  bool key(string_t& name) {
    if (!keys_.back().insert(name).second)
      fail(ErrorCode::damaged, where_, ": the JSON has the key '", name, "' twice in one object");
    return true;
  }
  bool parse_error(size_t position, const std::string&, const Json::exception& error) {
    // nlohmann's text begins with "[json.exception.parse_error.101] "; what follows is for people.
    const std::string_view text = error.what();
    const size_t end = text.find("] ");
    fail(ErrorCode::damaged, where_, ": no valid JSON near byte ", position, ": ",
         end == text.npos ? text : text.substr(end + 2));
  }

 private:
  bool enter() {
    if (keys_.size() >= kMaxDepth)
      fail(ErrorCode::damaged, where_, ": the JSON is nested deeper than ", kMaxDepth, " levels");
    keys_.emplace_back();
    return true;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }
  const std::string& where_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    fail(ErrorCode::damaged, where, ": expected JSON, found nothing");
  // nlohmann takes a NUL for the end of the text.
  if (text.find('\0') != text.npos)
    fail(ErrorCode::damaged, where, ": no valid JSON: a NUL at byte ", text.find('\0'));
  StrictScan scan(where);
  Json::sax_parse(text.begin(), text.end(), &scan);
  return Json::parse(text.begin(), text.end());
}

std::string read_text_file(const std::string& path, uint64_t max_bytes) {
  const MappedFile file = MappedFile::open(path);
  const auto bytes = file.bytes();
  if (bytes.size() > max_bytes)
    fail(ErrorCode::too_large, path, ": ", bytes.size(), " bytes, expected at most ", max_bytes,
         "; this is not the file it should be");
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Json read_json(const std::string& path, uint64_t max_bytes) {
  return parse_json(read_text_file(path, max_bytes), path);
}

JsonObject::JsonObject(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {
  if (!json.is_object())
    fail(ErrorCode::damaged, where_, ": expected a JSON object, found ", json.type_name());
}

const Json* JsonObject::find(const char* key) const {
  const auto at = json_->find(key);
  return at == json_->end() || at->is_null() ? nullptr : &*at;
}

const Json& JsonObject::need(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr)
    fail(ErrorCode::missing_info, where_, ": the field '", key,
         "' is missing; it decides the result and cannot be guessed");
  return *value;
}

void JsonObject::wrong_type(const char* key, const char* expected) const {
  std::string found = find(key)->dump();
  if (found.size() > 40) found = found.substr(0, 37) + "...";
  fail(ErrorCode::damaged, where_, ": the field '", key, "' should be ", expected, ", found ", found);
}

bool JsonObject::has(const char* key) const { return find(key) != nullptr; }

JsonObject JsonObject::object(const char* key) const {
  if (!need(key).is_object()) wrong_type(key, "an object");
  return JsonObject(need(key), field(key));
}

std::optional<JsonObject> JsonObject::find_object(const char* key) const {
  return has(key) ? std::optional(object(key)) : std::nullopt;
}

uint32_t JsonObject::count(const char* key) const {
  const Json& value = need(key);
  if (!value.is_number_unsigned() || value.get<uint64_t>() == 0 || value.get<uint64_t>() >= 1ULL << 31)
    wrong_type(key, "a whole number from 1 to 2147483647");
  return value.get<uint32_t>();
}

std::optional<uint32_t> JsonObject::find_count(const char* key) const {
  return has(key) ? std::optional(count(key)) : std::nullopt;
}

std::string JsonObject::text(const char* key) const {
  if (!need(key).is_string()) wrong_type(key, "a string");
  return need(key).get<std::string>();
}

std::optional<std::string> JsonObject::find_text(const char* key) const {
  return has(key) ? std::optional(text(key)) : std::nullopt;
}

std::optional<double> JsonObject::find_number(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->get<double>())) wrong_type(key, "a number");
  return value->get<double>();
}

std::optional<bool> JsonObject::find_bool(const char* key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) wrong_type(key, "true or false");
  return value->get<bool>();
}

std::vector<double> JsonObject::numbers(const char* key) const {
  const Json& value = need(key);
  if (!value.is_array()) wrong_type(key, "a list of numbers");
  std::vector<double> out;
  for (const Json& item : value) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) wrong_type(key, "a list of numbers");
    out.push_back(item.get<double>());
  }
  return out;
}

std::optional<std::vector<double>> JsonObject::find_numbers(const char* key) const {
  return has(key) ? std::optional(numbers(key)) : std::nullopt;
}

void JsonObject::refuse_unknown(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : json_->items())
    if (!value.is_null() && std::find(known.begin(), known.end(), key) == known.end())
      fail(ErrorCode::unsupported, where_, ": the field '", key,
           "' is not known; a newer library wrote it, or this architecture is not supported");
}

}  // namespace simdclip
