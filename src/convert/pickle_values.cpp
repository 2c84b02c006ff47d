#include "base/fail.h"
#include "convert/pickle.h"

namespace simdclip {

PickleRef PickleValues::add(PickleKind kind, int64_t number) {
  if (nodes_.size() >= kMaxValues)
    fail(ErrorCode::too_large, where_, ": the pickle builds more than ", kMaxValues,
         " values; no checkpoint does");
  nodes_.push_back({kind, number});
  return static_cast<PickleRef>(nodes_.size() - 1);
}

PickleRef PickleValues::add_text(PickleKind kind, std::string text) {
  const PickleRef ref = add(kind, static_cast<int64_t>(texts_.size()));
  texts_.push_back(std::move(text));
  return ref;
}

PickleRef PickleValues::add_items(PickleKind kind, std::vector<PickleRef> items) {
  const PickleRef ref = add(kind, static_cast<int64_t>(items_.size()));
  items_.push_back(std::move(items));
  return ref;
}

PickleRef PickleValues::add_object() { return add(PickleKind::object, -1); }

std::optional<PickleRef> PickleValues::attributes(PickleRef object) const noexcept {
  const int64_t number = nodes_[object].number;
  return number < 0 ? std::nullopt : std::optional(static_cast<PickleRef>(number));
}

std::optional<PickleRef> PickleValues::find(PickleRef dict, std::string_view key) const noexcept {
  const auto& pairs = items(dict);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (kind(pairs[i]) == PickleKind::text && text(pairs[i]) == key) return pairs[i + 1];
  return std::nullopt;
}

std::string PickleValues::describe(PickleRef ref) const {
  switch (kind(ref)) {
    case PickleKind::none: return "None";
    case PickleKind::boolean: return "a bool";
    case PickleKind::integer: return "the integer " + std::to_string(integer(ref));
    case PickleKind::real: return "a float";
    case PickleKind::text: return "a string";
    case PickleKind::bytes: return "bytes";
    case PickleKind::list: return "a list";
    case PickleKind::tuple: return "a tuple";
    case PickleKind::dict: return "a dict";
    case PickleKind::global: return "the name " + std::string(text(ref));
    case PickleKind::object: return "a module";
    case PickleKind::storage: return "a storage";
    case PickleKind::tensor: return "a tensor";
    case PickleKind::opaque: return std::string(text(ref));
  }
  return "?";
}

}  // namespace simdclip
