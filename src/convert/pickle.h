// An interpreter for the pickles inside torch files that executes nothing. It builds plain values; a global
// name is only a name. What a name means is the host's business (torch_values.h), and what no host knows
// becomes an opaque value, which is an error only where it is needed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

enum class PickleKind : uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  global,   // module.name
  object,   // an instance of a class of the archive itself (__torch__.*) with a dict of attributes
  storage,  // of the host: index into its storages
  tensor,   // of the host: index into its tensors
  opaque,   // something that is not understood; text says what
};

using PickleRef = uint32_t;  // a value of a PickleValues

// Values live in one arena and refer to each other by index: no recursion, no ownership cycles, a bounded
// number.
class PickleValues {
 public:
  static constexpr size_t kMaxValues = 2'000'000;

  explicit PickleValues(std::string where) : where_(std::move(where)) {}

  const std::string& where() const noexcept { return where_; }
  PickleKind kind(PickleRef ref) const noexcept { return nodes_[ref].kind; }
  int64_t integer(PickleRef ref) const noexcept {
    return nodes_[ref].number;
  }  // integer, boolean, storage, tensor
  std::string_view text(PickleRef ref) const noexcept {
    return texts_[index(ref)];
  }  // text, bytes, global ("module name"), opaque
  // list, tuple: the items; dict: key, value, key, value, ...
  const std::vector<PickleRef>& items(PickleRef ref) const noexcept { return items_[index(ref)]; }
  std::vector<PickleRef>& items(PickleRef ref) noexcept { return items_[index(ref)]; }
  std::optional<PickleRef> attributes(PickleRef object) const noexcept;  // of an object, once it was built
  void set_attributes(PickleRef object, PickleRef dict) noexcept { nodes_[object].number = dict; }
  // The value of a text key of a dict.
  std::optional<PickleRef> find(PickleRef dict, std::string_view key) const noexcept;
  std::string describe(PickleRef ref) const;  // for messages: "a list", "argparse.Namespace"

  PickleRef add(PickleKind kind, int64_t number = 0);
  PickleRef add_text(PickleKind kind, std::string text);
  PickleRef add_items(PickleKind kind, std::vector<PickleRef> items);
  PickleRef add_object();

 private:
  struct Node {
    PickleKind kind = PickleKind::none;
    int64_t number = 0;  // the value, or the index into texts_ or items_
  };
  size_t index(PickleRef ref) const noexcept { return static_cast<size_t>(nodes_[ref].number); }

  std::string where_;
  std::vector<Node> nodes_;
  std::vector<std::string> texts_;
  std::vector<std::vector<PickleRef>> items_;
};

// Gives meaning to names. Both may return an opaque value; they throw Error damaged on arguments that
// contradict the name.
class PickleHost {
 public:
  virtual ~PickleHost() = default;
  // callable(*args), as REDUCE and NEWOBJ write it. global: "module name".
  virtual PickleRef call(PickleValues& values, std::string_view global, PickleRef args) = 0;
  virtual PickleRef persistent(PickleValues& values, PickleRef id) = 0;
};

// Runs a pickle of protocol 2 to 5 to its STOP and returns its value. Errors: damaged, unsupported (a
// forbidden opcode or a name that runs code), too_large.
PickleRef run_pickle(std::span<const std::byte> pickle, PickleValues& values, PickleHost& host);

}  // namespace simdclip
