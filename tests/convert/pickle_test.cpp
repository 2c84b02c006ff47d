// The pickle machine alone, with a host that gives every call an opaque value.
#include "convert/pickle.h"

#include "convert/builders.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

constexpr ErrorCode kDamaged = ErrorCode::damaged, kTooLarge = ErrorCode::too_large,
                    kUnsupported = ErrorCode::unsupported;

class NoHost final : public PickleHost {
 public:
  PickleRef call(PickleValues& values, std::string_view global, PickleRef) override {
    if (global == "__torch__ M") return values.add_object();
    return values.add_text(PickleKind::opaque, std::string(global));
  }
  PickleRef persistent(PickleValues& values, PickleRef) override {
    return values.add_text(PickleKind::opaque, "persistent");
  }
};

struct Unpickled {
  PickleValues values{"bad.pt: data.pkl"};
  PickleRef root = 0;
  explicit Unpickled(const std::string& pickle) {
    NoHost host;
    root = run_pickle(std::as_bytes(std::span(pickle)), values, host);
  }
};

std::string repeat(const std::string& text, size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string reduce(const std::string& module, const std::string& name) {
  return p_global(module, name) + ")R";
}

std::vector<BadFile> structure() {
  const std::string p = "\x80\x02";
  return {
      {"empty", "", kDamaged, "truncated"},
      {"no protocol", "}.", kDamaged, "protocol"},
      {"protocol 0", "\x80" + std::string(1, '\0') + "}.", kUnsupported, "protocol 0"},
      {"protocol 1", "\x80\x01}.", kUnsupported, "protocol 1"},
      {"protocol 6", "\x80\x06}.", kUnsupported, "protocol 6"},
      {"protocol 255", "\x80\xff}.", kUnsupported, "protocol 255"},
      {"no stop", p + "}", kDamaged, "truncated"},
      {"nothing at the stop", p + ".", kDamaged, "0 values"},
      {"two values at the stop", p + "}}.", kDamaged, "2 values"},
      {"a mark at the stop", p + "}(.", kDamaged, "1 values"},
      {"bytes after the stop", p + "}.x", kDamaged, "follow its end"},
      {"protocol in the middle", p + "}\x80\x02.", kDamaged, "opcode 128"},
      {"unknown opcode 255", p + "\xff.", kDamaged, "opcode 255"},
      {"unknown opcode 0", p + std::string(1, '\0') + ".", kDamaged, "opcode 0"},
      {"pop of nothing", p + "0.", kDamaged, "none"},
      {"pop below a mark", p + "}(0t.", kDamaged, "none"},
      {"dup of nothing", p + "2.", kDamaged, "none"},
      {"tuple without mark", p + "t.", kDamaged, "mark"},
      {"tuple1 of nothing", p + "\x85.", kDamaged, "none"},
      {"tuple3 of two", p + "NN\x87.", kDamaged, "none"},
      {"pop mark without mark", p + "}1.", kDamaged, "mark"},
      {"deep marks", p + repeat("(", 20'000) + "N.", kTooLarge, "nested"},
      {"a million marks", p + repeat("(", 1'000'000), kTooLarge, "nested"},
      {"too many values", p + "(" + repeat("]", 2'100'000) + "t.", kTooLarge, "values"},
  };
}

std::vector<BadFile> memory() {
  const std::string p = "\x80\x02";
  return {
      {"get of nothing", p + "h\x05.", kDamaged, "value 5"},
      {"long get of nothing", p + "j" + little(0xFFFFFFFF, 4) + ".", kDamaged, "never stored"},
      {"put of nothing", p + "q" + std::string(1, '\0') + ".", kDamaged, "none"},
      {"put at 4 billion", p + "}r" + little(0xFFFFFFFF, 4) + ".", kTooLarge, "remembers"},
      {"memoize bomb", p + "}" + repeat("\x94", 2'100'000) + ".", kTooLarge, "remembers"},
      {"get of a gap", p + "}q\x05h\x03.", kDamaged, "value 3"},
      {"frame beyond the end", p + "\x95" + little(1ULL << 40, 8) + "}.", kDamaged, "frame"},
      {"frame cut", p + "\x95" + little(1, 4), kDamaged, "truncated"},
  };
}

std::vector<BadFile> strings() {
  const std::string p = "\x80\x02";
  return {
      {"string of 4 GB", p + "X" + little(0xFFFFFFFF, 4) + "abc.", kDamaged, "truncated"},
      {"string of 2^64", p + "\x8d" + little(~0ULL, 8) + "abc.", kDamaged, "truncated"},
      {"bytes of 2^63", p + "\x8e" + little(1ULL << 63, 8) + "abc.", kDamaged, "truncated"},
      {"bytearray of 2^64", p + "\x96" + little(~0ULL, 8) + ".", kDamaged, "truncated"},
      {"short string cut",
       p + "\x8c\x05"
           "abc",
       kDamaged, "truncated"},
      {"size field cut", p + "X" + little(1, 3), kDamaged, "truncated"},
      {"overlong UTF-8", p + p_text("\xC0\xAF") + ".", kDamaged, "UTF-8"},
      {"surrogate in UTF-8", p + p_text("\xED\xA0\x80") + ".", kDamaged, "UTF-8"},
      {"lone continuation byte", p + p_text("a\x80") + ".", kDamaged, "UTF-8"},
      {"cut UTF-8", p + p_text("\xF0\x9F\x98") + ".", kDamaged, "UTF-8"},
      {"beyond U+10FFFF", p + p_text("\xF4\x90\x80\x80") + ".", kDamaged, "UTF-8"},
      {"global without newline", p + "ctorch", kDamaged, "truncated"},
      {"global with half a name", p + "ctorch\nFloat", kDamaged, "truncated"},
      {"global not UTF-8", p + p_global("\xff", "x") + ".", kDamaged, "UTF-8"},
      {"integer of negative size", p + "\x8b" + little(0xFFFFFFFF, 4) + ".", kDamaged, "-1 bytes"},
      {"integer of 2 GB", p + "\x8b" + little(0x7FFFFFFF, 4) + ".", kDamaged, "truncated"},
      {"float cut", p + "G\x01\x02", kDamaged, "truncated"},
      {"int cut", p + "J\x01", kDamaged, "truncated"},
  };
}

std::vector<BadFile> containers() {
  const std::string p = "\x80\x02";
  return {
      {"append on a dict", p + "}Na.", kDamaged, "APPEND on a dict"},
      {"append on an integer", p + "K\x01Na.", kDamaged, "APPEND on the integer 1"},
      {"appends on a tuple", p + ")(NNe.", kDamaged, "APPENDS on a tuple"},
      {"setitem on a list", p + "]NNs.", kDamaged, "SETITEM on a list"},
      {"setitem on a tuple", p + ")NNs.", kDamaged, "SETITEM on a tuple"},
      {"setitem on None", p + "NNNs.", kDamaged, "SETITEM on None"},
      {"setitem on a string", p + p_text("x") + "NNs.", kDamaged, "SETITEM on a string"},
      {"setitem on a name", p + p_global("torch", "x") + "NNs.", kDamaged, "SETITEM on the name"},
      {"setitem on a module", p + p_global("__torch__", "M") + ")\x81NNs.", kDamaged, "SETITEM on a module"},
      {"setitems on a list", p + "](NNu.", kDamaged, "SETITEMS on a list"},
      {"setitems with half a pair", p + "}(NNNu.", kDamaged, "no value"},
      {"setitem of nothing", p + "}Ns.", kDamaged, ""},
      {"additems on a list", p + "](Ne\x90.", kDamaged, "mark"},
      {"additems on a dict", p + "}(N\x90.", kDamaged, "ADDITEMS on a dict"},
      {"build on a list", p + "]}b.", kDamaged, "BUILD on a list"},
      {"build on a string", p + p_text("x") + "}b.", kDamaged, "BUILD on a string"},
      {"build of a module from a tuple", p + p_global("__torch__", "M") + ")\x81)b.", kDamaged,
       "built from a tuple"},
  };
}

std::vector<BadFile> calls() {
  const std::string p = "\x80\x02";
  std::vector<BadFile> out = {
      {"reduce of a string", p + p_text("os.system") + ")R.", kDamaged, "REDUCE of a string"},
      {"reduce without arguments", p + p_global("torch", "x") + "R.", kDamaged, ""},
      {"reduce with a list", p + p_global("torch", "x") + "]R.", kDamaged, "expected a tuple"},
      {"newobj of an integer", p + "K\x01)\x81.", kDamaged, "NEWOBJ of the integer"},
      {"newobj with a dict", p + p_global("torch", "x") + "}\x81.", kDamaged, "expected a tuple"},
      {"newobj ex of nothing", p + "))\x92.", kDamaged, ""},
      {"stack global of integers", p + "K\x01K\x02\x93.", kDamaged, "STACK_GLOBAL"},
      {"extension", p + "\x82\x01.", kUnsupported, "opcode 130"},
      {"extension of 4 bytes", p + "\x84" + little(1, 4) + ".", kUnsupported, "opcode 132"},
      {"inst", p + "(ios\nsystem\n.", kUnsupported, "opcode 105"},
      {"obj", p + "(" + p_global("a", "b") + "o.", kUnsupported, "opcode 111"},
      {"persistent id as text", p + "Pid\n.", kUnsupported, "opcode 80"},
      {"next buffer", p + "\x97.", kUnsupported, "opcode 151"},
      {"text integer", p + "I1\n.", kUnsupported, "opcode 73"},
      {"text string", p + "S'x'\n.", kUnsupported, "opcode 83"},
      {"text put", p + "}p0\n.", kUnsupported, "opcode 112"},
  };
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"posix", "system"},
                                                        {"nt", "system"},
                                                        {"subprocess", "Popen"},
                                                        {"builtins", "eval"},
                                                        {"builtins", "exec"},
                                                        {"__builtin__", "eval"},
                                                        {"builtins", "__import__"},
                                                        {"sys", "exit"},
                                                        {"shutil", "rmtree"},
                                                        {"socket", "socket"},
                                                        {"importlib", "import_module"},
                                                        {"os.path", "join"},
                                                        {"runpy", "run_path"},
                                                        {"ctypes", "CDLL"},
                                                        {"pickle", "loads"},
                                                        {"builtins", "open"}})
    out.push_back(
        {"calls " + module + " " + name, p + reduce(module, name) + ".", kUnsupported, module + "." + name});
  out.push_back({"stack global of os", p + p_text("os") + p_text("system") + "\x93" + p_text("id") + "\x85R.",
                 kUnsupported, "os.system"});
  return out;
}

class BadPickle : public testing::TestWithParam<BadFile> {};
INSTANTIATE_TEST_SUITE_P(Structure, BadPickle, testing::ValuesIn(structure()), case_name);
INSTANTIATE_TEST_SUITE_P(Memory, BadPickle, testing::ValuesIn(memory()), case_name);
INSTANTIATE_TEST_SUITE_P(Strings, BadPickle, testing::ValuesIn(strings()), case_name);
INSTANTIATE_TEST_SUITE_P(Containers, BadPickle, testing::ValuesIn(containers()), case_name);
INSTANTIATE_TEST_SUITE_P(Calls, BadPickle, testing::ValuesIn(calls()), case_name);

TEST_P(BadPickle, IsRefusedByNameAndPart) {
  expect_error(GetParam().code, [&] { Unpickled run(GetParam().bytes); },
               {"bad.pt: data.pkl", GetParam().part.c_str()});
}

// --- what is understood ---

TEST(Pickle, BuildsPlainValues) {
  const Unpickled run("\x80\x04\x95" + little(3, 8) + "}(" + p_text("i") + "J" + little(0xFFFFFFFE, 4) +
                      p_text("l") +
                      "](K\x01K\x02"
                      "e" +
                      p_text("t") + "K\x07\x85" + p_text("b") + "\x88" + p_text("n") + "N" + p_text("big") +
                      p_int(-(1LL << 40)) + "u.");
  const PickleValues& v = run.values;
  ASSERT_EQ(v.kind(run.root), PickleKind::dict);
  EXPECT_EQ(v.integer(v.find(run.root, "i").value()), -2);
  EXPECT_EQ(v.items(v.find(run.root, "l").value()).size(), 2U);
  EXPECT_EQ(v.integer(v.items(v.find(run.root, "t").value())[0]), 7);
  EXPECT_EQ(v.integer(v.find(run.root, "b").value()), 1);
  EXPECT_EQ(v.kind(v.find(run.root, "n").value()), PickleKind::none);
  EXPECT_EQ(v.integer(v.find(run.root, "big").value()), -(1LL << 40));
  EXPECT_FALSE(v.find(run.root, "x"));
}

TEST(Pickle, MemoSharesValues) {
  const Unpickled run(
      "\x80\x02](]q\x07h\x07h\x07"
      "e.");
  const auto& items = run.values.items(run.root);
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0], items[2]);
}

// A list inside itself is a value like another: nothing walks it.
TEST(Pickle, ACycleIsHarmless) {
  const Unpickled run(
      "\x80\x02]q\x01h\x01"
      "a.");
  EXPECT_EQ(run.values.items(run.root)[0], run.root);
}

TEST(Pickle, WhatIsNotUnderstoodIsOpaqueAndTakesAnything) {
  const Unpickled run("\x80\x02" + reduce("argparse", "Namespace") + "}(" + p_text("lr") + "Nub.");
  EXPECT_EQ(run.values.kind(run.root), PickleKind::opaque);
  EXPECT_EQ(run.values.describe(run.root), "argparse Namespace");
  const Unpickled items("\x80\x02" + reduce("collections", "Counter") + "NNs(NNu.");
  EXPECT_EQ(items.values.kind(items.root), PickleKind::opaque);
}

TEST(Pickle, DeepListsTakeNoStack) {
  const Unpickled run("\x80\x02" + repeat("]", 100'000) + repeat("a", 99'999) + ".");
  EXPECT_EQ(run.values.kind(run.root), PickleKind::list);
}

TEST(Pickle, SurvivesEveryCutAndEveryByte) {
  const std::string good = p_whole(p_dict({{"a", p_tensor(p_storage("FloatStorage", "0", 2), 0, {2}, {1})},
                                           {"b",
                                            "](K\x01K\x02"
                                            "e"}}));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(Unpickled(good.substr(0, size)), Error) << size;
  for (size_t at = 0; at < good.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string bad = good;
      bad[at] = static_cast<char>(byte);
      try {
        Unpickled run(bad);
      } catch (const Error&) {
        continue;
      }
    }
}

}  // namespace
}  // namespace simdclip::tests
