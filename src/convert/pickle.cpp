#include "convert/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/fail.h"
#include "base/utf8.h"

namespace simdclip {
namespace {

constexpr size_t kMaxMemo = PickleValues::kMaxValues;
constexpr size_t kMaxNesting = 10'000;

// Names whose only use in a checkpoint is to run code. Nothing would be run here either; the file is refused
// because it is hostile.
bool runs_code(std::string_view module, std::string_view name) {
  constexpr std::array<std::string_view, 23> kModules = {
      "os",     "posix",   "nt",        "subprocess", "sys",      "shutil",
      "socket", "runpy",   "importlib", "pty",        "commands", "webbrowser",
      "ctypes", "marshal", "pickle",    "_pickle",    "code",     "multiprocessing",
      "pip",    "timeit",  "pdb",       "bdb",        "asyncio"};
  constexpr std::array<std::string_view, 9> kBuiltins = {
      "eval", "exec", "execfile", "compile", "open", "__import__", "apply", "input", "breakpoint"};
  const std::string_view top = module.substr(0, module.find('.'));
  if (std::find(kModules.begin(), kModules.end(), top) != kModules.end()) return true;
  return (module == "builtins" || module == "__builtin__") &&
         std::find(kBuiltins.begin(), kBuiltins.end(), name) != kBuiltins.end();
}

class Machine {
 public:
  Machine(std::span<const std::byte> pickle, PickleValues& values, PickleHost& host)
      : bytes_(pickle), values_(values), host_(host) {}

  PickleRef run() {
    if (take<uint8_t>() != 0x80) damaged("it does not begin with a protocol number");
    const unsigned protocol = take<uint8_t>();
    if (protocol < 2 || protocol > 5)
      fail(ErrorCode::unsupported, values_.where(), ": pickle protocol ", protocol, ", expected 2 to 5");
    none_ = values_.add(PickleKind::none);
    true_ = values_.add(PickleKind::boolean, 1);
    false_ = values_.add(PickleKind::boolean, 0);
    for (;;) {
      op_at_ = at_;
      const uint8_t op = take<uint8_t>();
      if (op == '.') break;
      if (!scalar(op) && !container(op) && !memory(op) && !call(op)) forbidden(op);
    }
    if (stack_.size() != 1 || !marks_.empty())
      damaged("it stops with ", stack_.size(), " values instead of one");
    if (at_ != bytes_.size()) damaged(bytes_.size() - at_, " bytes follow its end");
    return stack_.back();
  }

 private:
  template <typename... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    fail(ErrorCode::damaged, values_.where(), ": pickle, byte ", op_at_, ": ", parts...);
  }
  [[noreturn]] void forbidden(uint8_t op) const {
    constexpr std::string_view kKnown = "(0123456789FIJLMNSUVX]abcdeghijlopqrstu}i\x82\x83\x84\x97\x98PQ";
    const bool known = kKnown.find(static_cast<char>(op)) != kKnown.npos;
    fail(known ? ErrorCode::unsupported : ErrorCode::damaged, values_.where(), ": pickle, byte ", op_at_,
         ": opcode ", unsigned{op},
         known ? " is not one that torch writes; it is refused" : " does not exist; the file is damaged");
  }

  // --- input ---
  std::string_view take_bytes(uint64_t count) {
    if (count > bytes_.size() - at_)
      damaged("it is truncated: ", count, " bytes wanted, ", bytes_.size() - at_, " are left");
    const std::string_view out(reinterpret_cast<const char*>(bytes_.data()) + at_, count);
    at_ += count;
    return out;
  }
  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }
  std::string take_line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
    const size_t end = rest.find('\n');
    if (end == rest.npos) damaged("it is truncated in a name");
    at_ += end + 1;
    return std::string(rest.substr(0, end));
  }

  // --- stack ---
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(PickleRef ref) { stack_.push_back(ref); }
  PickleRef pop() {
    if (stack_.size() <= floor()) damaged("it takes a value where there is none");
    const PickleRef ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  PickleRef top() const {
    if (stack_.size() <= floor()) damaged("it takes a value where there is none");
    return stack_.back();
  }
  std::vector<PickleRef> pop_mark() {
    if (marks_.empty()) damaged("it has no mark to go back to");
    std::vector<PickleRef> out(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return out;
  }

  // --- opcodes, by kind; each returns false for one that is not its own ---
  bool scalar(uint8_t op) {
    switch (op) {
      case 'N': push(none_); return true;
      case 0x88: push(true_); return true;
      case 0x89: push(false_); return true;
      case 'J': push(values_.add(PickleKind::integer, take<int32_t>())); return true;
      case 'K': push(values_.add(PickleKind::integer, take<uint8_t>())); return true;
      case 'M': push(values_.add(PickleKind::integer, take<uint16_t>())); return true;
      case 0x8a: push(big_integer(take_bytes(take<uint8_t>()))); return true;
      case 0x8b: {
        const int32_t size = take<int32_t>();
        if (size < 0) damaged("an integer of ", size, " bytes");
        push(big_integer(take_bytes(static_cast<uint64_t>(size))));
        return true;
      }
      case 'G':
        take_bytes(8), push(values_.add(PickleKind::real));
        return true;  // no float decides anything here
      case 'X': push(unicode(take<uint32_t>())); return true;
      case 0x8c: push(unicode(take<uint8_t>())); return true;
      case 0x8d: push(unicode(take<uint64_t>())); return true;
      case 'B': push(byte_string(take<uint32_t>())); return true;
      case 'C': push(byte_string(take<uint8_t>())); return true;
      case 'U': push(byte_string(take<uint8_t>())); return true;
      case 'T': push(byte_string(take<uint32_t>())); return true;
      case 0x8e: push(byte_string(take<uint64_t>())); return true;
      case 0x96: push(byte_string(take<uint64_t>())); return true;
      default: return false;
    }
  }
  PickleRef big_integer(std::string_view little) {
    if (little.size() > 8) return values_.add_text(PickleKind::opaque, "an integer beyond 64 bits");
    uint64_t value = !little.empty() && (static_cast<unsigned char>(little.back()) & 0x80) != 0 ? ~0ULL : 0;
    for (size_t i = little.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(little[i]);
    return values_.add(PickleKind::integer, std::bit_cast<int64_t>(value));
  }
  PickleRef unicode(uint64_t size) {
    const std::string_view text = take_bytes(size);
    if (!is_utf8(text)) damaged("a string that is not UTF-8");
    return values_.add_text(PickleKind::text, std::string(text));
  }
  PickleRef byte_string(uint64_t size) {
    return values_.add_text(PickleKind::bytes, std::string(take_bytes(size)));
  }

  bool container(uint8_t op) {
    switch (op) {
      case ']': push(values_.add_items(PickleKind::list, {})); return true;
      case ')': push(values_.add_items(PickleKind::tuple, {})); return true;
      case '}': push(values_.add_items(PickleKind::dict, {})); return true;
      case 0x8f: push(values_.add_text(PickleKind::opaque, "a set")); return true;
      case 't': push(values_.add_items(PickleKind::tuple, pop_mark())); return true;
      case 0x85:
      case 0x86:
      case 0x87: tuple(op - 0x84U); return true;
      case 'a': append({pop()}, PickleKind::list, "APPEND"); return true;
      case 'e': append(pop_mark(), PickleKind::list, "APPENDS"); return true;
      case 's': {
        const PickleRef value = pop(), key = pop();
        append({key, value}, PickleKind::dict, "SETITEM");
        return true;
      }
      case 'u': append(pop_mark(), PickleKind::dict, "SETITEMS"); return true;
      case 0x90: append(pop_mark(), PickleKind::opaque, "ADDITEMS"); return true;
      case 0x91: pop_mark(), push(values_.add_text(PickleKind::opaque, "a frozenset")); return true;
      default: return false;
    }
  }
  void tuple(unsigned count) {
    std::vector<PickleRef> items(count);
    for (unsigned i = count; i-- > 0;) items[i] = pop();
    push(values_.add_items(PickleKind::tuple, std::move(items)));
  }
  // The containers that torch's own reader was broken with (CVE-2025-32434): items go into what they are for,
  // or nowhere.
  void append(std::vector<PickleRef> items, PickleKind wanted, const char* op) {
    const PickleRef target = top();
    if (wanted == PickleKind::dict && items.size() % 2 != 0) damaged(op, " with a key and no value");
    if (values_.kind(target) == PickleKind::opaque) return;
    if (values_.kind(target) != wanted) damaged(op, " on ", values_.describe(target));
    auto& into = values_.items(target);
    into.insert(into.end(), items.begin(), items.end());
  }

  bool memory(uint8_t op) {
    switch (op) {
      case '(':
        if (marks_.size() == kMaxNesting)
          fail(ErrorCode::too_large, values_.where(), ": the pickle is nested deeper than ", kMaxNesting);
        marks_.push_back(stack_.size());
        return true;
      case '0': pop(); return true;
      case '1': pop_mark(); return true;
      case '2': push(top()); return true;
      case 0x94: put(memo_.size()); return true;
      case 'q': put(take<uint8_t>()); return true;
      case 'r': put(take<uint32_t>()); return true;
      case 'h': get(take<uint8_t>()); return true;
      case 'j': get(take<uint32_t>()); return true;
      case 0x95: {
        const uint64_t size = take<uint64_t>();
        if (size > bytes_.size() - at_)
          damaged("a frame of ", size, " bytes, ", bytes_.size() - at_, " are left");
        return true;
      }
      default: return false;
    }
  }
  void put(size_t index) {
    if (index >= kMaxMemo)
      fail(ErrorCode::too_large, values_.where(), ": the pickle remembers more than ", kMaxMemo, " values");
    if (index >= memo_.size()) memo_.resize(index + 1, kNothing);
    memo_[index] = top();
  }
  void get(size_t index) {
    if (index >= memo_.size() || memo_[index] == kNothing)
      damaged("it recalls value ", index, ", which was never stored");
    push(memo_[index]);
  }

  bool call(uint8_t op) {
    switch (op) {
      case 'c': {
        const std::string module = take_line();
        push(global(module, take_line()));
        return true;
      }
      case 0x93: {
        const PickleRef name = pop(), module = pop();
        if (values_.kind(name) != PickleKind::text || values_.kind(module) != PickleKind::text)
          damaged("STACK_GLOBAL of no strings");
        push(global(std::string(values_.text(module)), std::string(values_.text(name))));
        return true;
      }
      case 'R': {
        const PickleRef args = pop();
        invoke(pop(), args, "REDUCE");
        return true;
      }
      case 0x81: {
        const PickleRef args = pop();
        invoke(pop(), args, "NEWOBJ");
        return true;
      }
      case 0x92: {
        pop();
        const PickleRef args = pop();
        invoke(pop(), args, "NEWOBJ_EX");
        return true;
      }
      case 'b': build(pop()); return true;
      case 'Q': push(host_.persistent(values_, pop())); return true;
      default: return false;
    }
  }
  PickleRef global(const std::string& module, const std::string& name) {
    if (!is_utf8(module) || !is_utf8(name)) damaged("a name that is not UTF-8");
    if (runs_code(module, name))
      fail(ErrorCode::unsupported, values_.where(), ": pickle, byte ", op_at_, ": it wants to call ", module,
           ".", name,
           ", which no checkpoint needs; nothing was executed, and a file that tries this should not be "
           "trusted");
    return values_.add_text(PickleKind::global, module + " " + name);
  }
  void invoke(PickleRef callable, PickleRef args, const char* op) {
    if (values_.kind(args) != PickleKind::tuple)
      damaged(op, " with ", values_.describe(args), " for its arguments, expected a tuple");
    if (values_.kind(callable) == PickleKind::opaque) return push(callable);
    if (values_.kind(callable) != PickleKind::global)
      damaged(op, " of ", values_.describe(callable), ", expected a name");
    push(host_.call(values_, std::string(values_.text(callable)), args));
  }
  void build(PickleRef state) {
    const PickleRef target = top();
    switch (values_.kind(target)) {
      case PickleKind::opaque:
      case PickleKind::dict: return;  // attributes of an OrderedDict (_metadata) decide nothing
      case PickleKind::object:
        if (values_.kind(state) != PickleKind::dict)
          damaged("a module is built from ", values_.describe(state), ", expected a dict");
        values_.set_attributes(target, state);
        return;
      default: damaged("BUILD on ", values_.describe(target));
    }
  }

  static constexpr PickleRef kNothing = ~PickleRef{0};
  std::span<const std::byte> bytes_;
  PickleValues& values_;
  PickleHost& host_;
  size_t at_ = 0, op_at_ = 0;
  std::vector<PickleRef> stack_, memo_;
  std::vector<size_t> marks_;
  PickleRef none_ = 0, true_ = 0, false_ = 0;
};

}  // namespace

PickleRef run_pickle(std::span<const std::byte> pickle, PickleValues& values, PickleHost& host) {
  return Machine(pickle, values, host).run();
}

}  // namespace simdclip
