#include <cmath>
#include <limits>

#include "convert/builders.h"
#include "convert/tensor_source.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

// {"a": F32 [2] at 0..8} and the like.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets,
                size_t data = 8) {
  return safetensors("{" + entry("a", dtype, shape, offsets) + "}", std::string(data, '\0'));
}
std::string two(const std::string& first, const std::string& second, size_t data) {
  return safetensors("{" + entry("a", "F32", "[2]", first) + "," + entry("b", "F32", "[2]", second) + "}",
                     std::string(data, '\0'));
}
std::string header(const std::string& text, size_t data = 0) {
  return safetensors(text, std::string(data, '\0'));
}
std::string repeat(const std::string& text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

constexpr ErrorCode kDamaged = ErrorCode::damaged, kTooLarge = ErrorCode::too_large,
                    kUnsupported = ErrorCode::unsupported;

std::vector<BadFile> sizes() {
  return {
      {"empty", "", kDamaged, "0 bytes"},
      {"one byte", "x", kDamaged, "1 bytes"},
      {"seven bytes", "xxxxxxx", kDamaged, "7 bytes"},
      {"size field alone", little(0, 8), kDamaged, "begin with '{'"},
      {"header of nothing", little(2, 8), kDamaged, "claims 2 bytes"},
      {"header longer than the file", little(100, 8) + "{}", kDamaged, "truncated"},
      {"header one byte longer", little(3, 8) + "{}", kDamaged, "claims 3"},
      {"header of 100 MB and one", little(100'000'001, 8) + "{}", kTooLarge, "100000001"},
      {"header of 2^63", little(1ULL << 63, 8) + "{}", kTooLarge, "header"},
      {"header of 2^64-1", little(~0ULL, 8) + "{}", kTooLarge, "header"},
      {"header of 2^64-8", little(~0ULL - 7, 8) + "{}", kTooLarge, "header"},
      {"data without tensors", header("{}", 1), kDamaged, "belong to nothing"},
      {"trailing byte", one("F32", "[2]", "[0,8]", 9), kDamaged, "1 bytes after the last"},
      {"missing byte", one("F32", "[2]", "[0,8]", 7), kDamaged, "truncated"},
  };
}

std::vector<BadFile> json() {
  return {
      {"array", header("[]"), kDamaged, "'{'"},
      {"number", header("1"), kDamaged, "'{'"},
      {"byte order mark", header("\xEF\xBB\xBF{}"), kDamaged, "'{'"},
      {"space first", header(" {}"), kDamaged, "'{'"},
      {"unclosed", header("{"), kDamaged, "JSON"},
      {"unclosed string", header("{\"a"), kDamaged, "JSON"},
      {"trailing text", header("{} x"), kDamaged, "JSON"},
      {"trailing NUL", header(std::string("{}\0", 3)), kDamaged, "JSON"},
      {"two objects", header("{}{}"), kDamaged, "JSON"},
      {"trailing comma", header("{\"__metadata__\":{},}"), kDamaged, "JSON"},
      {"single quotes", header("{'a':1}"), kDamaged, "JSON"},
      {"comment", header("{/*x*/}"), kDamaged, "JSON"},
      {"NaN", header("{\"a\":NaN}"), kDamaged, "JSON"},
      {"bare control character", header("{\"a\n\":{}}"), kDamaged, "JSON"},
      {"bad escape", header("{\"\\x\":{}}"), kDamaged, "JSON"},
      {"lone surrogate escape", header("{\"\\ud800\":{}}"), kDamaged, "JSON"},
      {"UTF-8 lone continuation", header("{\"\x80\":{}}"), kDamaged, "JSON"},
      {"UTF-8 overlong", header("{\"\xC0\xAF\":{}}"), kDamaged, "JSON"},
      {"UTF-8 surrogate", header("{\"\xED\xA0\x80\":{}}"), kDamaged, "JSON"},
      {"UTF-8 beyond U+10FFFF", header("{\"\xF5\x80\x80\x80\":{}}"), kDamaged, "JSON"},
      {"UTF-8 cut", header("{\"\xE2\x82\":{}}"), kDamaged, "JSON"},
      {"deep arrays", header("{\"a\":" + repeat("[", 100'000)), kDamaged, "'a'"},
      {"deep objects", header(repeat("{\"a\":", 100'000)), kDamaged, "'a'"},
      {"deep shape", one("F32", repeat("[", 50'000), "[0,8]"), kDamaged, "shape"},
  };
}

std::vector<BadFile> tensors() {
  return {
      {"tensor is a number", header("{\"a\":1}"), kDamaged, "'a'"},
      {"tensor is a string", header("{\"a\":\"F32\"}"), kDamaged, "'a'"},
      {"string after a dtype", header("{" + entry("b", "F32", "[0]", "[0,0]") + ",\"a\":\"F32\"}"), kDamaged,
       "'a'"},
      {"tensor is null", header("{\"a\":null}"), kDamaged, "'a'"},
      {"tensor is true", header("{\"a\":true}"), kDamaged, "'a'"},
      {"tensor is an array", header("{\"a\":[]}"), kDamaged, "'a'"},
      {"tensor is empty", header("{\"a\":{}}"), kDamaged, "missing"},
      {"no dtype", header(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8), kDamaged, "missing"},
      {"no shape", header(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), kDamaged, "missing"},
      {"no offsets", header(R"({"a":{"dtype":"F32","shape":[2]}})", 8), kDamaged, "missing"},
      {"unknown field", header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8),
       kDamaged, "'x'"},
      {"field twice", header(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       kDamaged, "twice"},
      {"name twice",
       header("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("a", "F32", "[2]", "[8,16]") + "}", 16),
       kDamaged, "'a' twice"},
      {"nested tensor", header(R"({"a":{"dtype":{"b":1}}})"), kDamaged, "dtype"},
      {"unknown dtype", one("F31", "[2]", "[0,8]"), kDamaged, "F31"},
      {"lower case dtype", one("f32", "[2]", "[0,8]"), kDamaged, "f32"},
      {"empty dtype", one("", "[2]", "[0,8]"), kDamaged, "unknown element type"},
      {"dtype is a number", header(R"({"a":{"dtype":32}})"), kDamaged, "dtype"},
      {"dtype is null", header(R"({"a":{"dtype":null}})"), kDamaged, "dtype"},
      {"float8", one("F8_E4M3", "[8]", "[0,8]"), kUnsupported, "F8_E4M3"},
      {"complex", one("C64", "[1]", "[0,8]"), kUnsupported, "C64"},
      {"unsigned 64", one("U64", "[1]", "[0,8]"), kUnsupported, "U64"},
      {"metadata is a number", header(R"({"__metadata__":1})"), kDamaged, "__metadata__"},
      {"metadata is a string", header(R"({"__metadata__":"x"})"), kDamaged, "__metadata__"},
      {"metadata of numbers", header(R"({"__metadata__":{"a":1}})"), kDamaged, "__metadata__"},
      {"metadata nested", header(R"({"__metadata__":{"a":{}}})"), kDamaged, "__metadata__"},
      {"metadata array", header(R"({"__metadata__":["a"]})"), kDamaged, "__metadata__"},
      {"metadata twice", header(R"({"__metadata__":{},"__metadata__":{}})"), kDamaged, "twice"},
  };
}

std::vector<BadFile> shapes() {
  return {
      {"shape is a number", one("F32", "2", "[0,8]"), kDamaged, "shape"},
      {"shape is a string", one("F32", "\"2\"", "[0,8]"), kDamaged, "shape"},
      {"shape is an object", one("F32", "{}", "[0,8]"), kDamaged, "shape"},
      {"shape is null", one("F32", "null", "[0,8]"), kDamaged, "shape"},
      {"negative extent", one("F32", "[-2]", "[0,8]"), kDamaged, "negative"},
      {"fraction", one("F32", "[2.0]", "[0,8]"), kDamaged, "2.0"},
      {"exponent", one("F32", "[2e0]", "[0,8]"), kDamaged, "2e0"},
      {"extent of 2^64", one("F32", "[18446744073709551616]", "[0,8]"), kDamaged, "18446744073709551616"},
      {"extent of 2^64-1", one("F32", "[18446744073709551615]", "[0,8]"), kDamaged, "needs"},
      {"extent of 2^62 wraps to 0", one("F32", "[4611686018427387904]", "[0,0]", 0), kDamaged, "2^64"},
      {"product wraps to 8 bytes", one("F32", "[4611686018427387906]", "[0,8]"), kDamaged, "2^64"},
      {"product of two wraps", one("F32", "[4294967296,4294967296]", "[0,8]"), kDamaged, "2^64"},
      {"product of three wraps", one("I8", "[4194304,4194304,1048576]", "[0,8]"), kDamaged, "2^64"},
      {"huge beside zero", one("F32", "[9223372036854775807,3,0]", "[0,0]", 0), kDamaged, "2^64"},
      {"33 extents", one("F32", "[" + repeat("1,", 32) + "1]", "[0,4]", 4), kDamaged, "32 extents"},
      {"nested shape", one("F32", "[[2]]", "[0,8]"), kDamaged, "array"},
      {"shape of strings", one("F32", "[\"2\"]", "[0,8]"), kDamaged, "shape"},
      {"too small for its bytes", one("F32", "[1]", "[0,8]"), kDamaged, "needs 4"},
      {"too large for its bytes", one("F32", "[3]", "[0,8]"), kDamaged, "needs 12"},
      {"scalar of 8 bytes", one("F32", "[]", "[0,8]"), kDamaged, "needs 4"},
      {"half the bytes", one("F16", "[2]", "[0,8]"), kDamaged, "needs 4"},
  };
}

std::vector<BadFile> offsets() {
  return {
      {"offsets are a number", one("F32", "[2]", "8"), kDamaged, "data_offsets"},
      {"one offset", one("F32", "[2]", "[8]"), kDamaged, "data_offsets"},
      {"no offset", one("F32", "[2]", "[]"), kDamaged, "data_offsets"},
      {"three offsets", one("F32", "[2]", "[0,8,8]"), kDamaged, "data_offsets"},
      {"negative offset", one("F32", "[2]", "[-8,0]"), kDamaged, "negative"},
      {"fractional offset", one("F32", "[2]", "[0,8.5]"), kDamaged, "8.5"},
      {"backwards", one("F32", "[2]", "[8,0]"), kDamaged, "backwards"},
      {"beyond the file", one("F32", "[2]", "[0,16]"), kDamaged, "truncated"},
      {"far beyond the file", one("F32", "[2]", "[9223372036854775800,9223372036854775808]"), kDamaged,
       "truncated"},
      {"end of 2^64-1", one("F32", "[2]", "[0,18446744073709551615]"), kDamaged, "truncated"},
      {"hole at the begin", one("F32", "[2]", "[8,16]", 16), kDamaged, "hole"},
      {"hole between", two("[0,8]", "[12,20]", 20), kDamaged, "hole"},
      {"overlap", two("[0,8]", "[4,12]", 12), kDamaged, "overlaps"},
      {"the same bytes twice", two("[0,8]", "[0,8]", 8), kDamaged, "overlaps"},
      {"second inside the first",
       safetensors("{" + entry("a", "F32", "[4]", "[0,16]") + "," + entry("b", "F32", "[1]", "[4,8]") + "}",
                   std::string(16, 'x')),
       kDamaged, "overlaps"},
      {"gap at the end", two("[0,8]", "[8,16]", 17), kDamaged, "belong to nothing"},
      {"zero bytes far away", one("F32", "[0]", "[8,8]", 8), kDamaged, "hole"},
  };
}

class BadSafetensors : public testing::TestWithParam<BadFile> {};
INSTANTIATE_TEST_SUITE_P(Sizes, BadSafetensors, testing::ValuesIn(sizes()), case_name);
INSTANTIATE_TEST_SUITE_P(Json, BadSafetensors, testing::ValuesIn(json()), case_name);
INSTANTIATE_TEST_SUITE_P(Tensors, BadSafetensors, testing::ValuesIn(tensors()), case_name);
INSTANTIATE_TEST_SUITE_P(Shapes, BadSafetensors, testing::ValuesIn(shapes()), case_name);
INSTANTIATE_TEST_SUITE_P(Offsets, BadSafetensors, testing::ValuesIn(offsets()), case_name);

TEST_P(BadSafetensors, IsRefusedByNameAndPart) {
  const TemporaryFolder folder;
  const std::string path = folder.file("bad.safetensors");
  write_text(path, GetParam().bytes);
  expect_error(GetParam().code, [&] { open_safetensors(path); },
               {"bad.safetensors", GetParam().part.c_str()});
}

// --- good files ---

TEST(Safetensors, ReadsEveryType) {
  const TemporaryFolder folder;
  const std::string path = folder.file("good.safetensors");
  const std::string data = floats({1.5F, -2}) + little(0x3E00, 2) + little(0xC000, 2) + little(0x3FC0, 2) +
                           little(7, 8) + little(0xFFFFFFFE, 4) + little(0xFFFD, 2) + "\xFC" + "\x05" +
                           "\x01" + little(0x3FF8000000000000, 8);
  write_text(
      path,
      safetensors(
          "{\"__metadata__\":{\"format\":\"pt\"}," + entry("f32", "F32", "[2]", "[0,8]") + "," +
              entry("f16", "F16", "[1,2]", "[8,12]") + "," + entry("bf16", "BF16", "[]", "[12,14]") + "," +
              entry("i64", "I64", "[1]", "[14,22]") + "," + entry("i32", "I32", "[1]", "[22,26]") + "," +
              entry("i16", "I16", "[1]", "[26,28]") + "," + entry("i8", "I8", "[1]", "[28,29]") + "," +
              entry("u8", "U8", "[1]", "[29,30]") + "," + entry("bool", "BOOL", "[1]", "[30,31]") + "," +
              entry("f64", "F64", "[1]", "[31,39]") + "," + entry("none", "F32", "[0,5]", "[39,39]") + "}   ",
          data));
  const auto source = open_checkpoint(path);
  const auto value = [&](const char* name) {
    const size_t index = source->find(name).value();
    std::vector<float> out(source->tensors()[index].elements());
    source->read(index, out);
    return out;
  };
  EXPECT_EQ(value("f32"), (std::vector<float>{1.5F, -2}));
  EXPECT_EQ(value("f16"), (std::vector<float>{1.5F, -2}));
  EXPECT_EQ(value("bf16"), (std::vector<float>{1.5F}));
  EXPECT_EQ(value("i64"), (std::vector<float>{7}));
  EXPECT_EQ(value("i32"), (std::vector<float>{-2}));
  EXPECT_EQ(value("i16"), (std::vector<float>{-3}));
  EXPECT_EQ(value("i8"), (std::vector<float>{-4}));
  EXPECT_EQ(value("u8"), (std::vector<float>{5}));
  EXPECT_EQ(value("bool"), (std::vector<float>{1}));
  EXPECT_EQ(value("f64"), (std::vector<float>{1.5F}));
  EXPECT_TRUE(value("none").empty());
  EXPECT_FALSE(source->find("f3"));
}

TEST(Safetensors, WidensEveryHalf) {
  const TemporaryFolder folder;
  std::string data;
  for (unsigned bits = 0; bits < 65536; ++bits) data += little(bits, 2);
  const std::string path = folder.file("half.safetensors");
  write_text(path, safetensors("{" + entry("h", "F16", "[65536]", "[0,131072]") + "}", data));
  const auto source = open_safetensors(path);
  std::vector<float> out(65536);
  source->read(0, out);
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double mantissa = bits & 1023;
    double want = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31) want = mantissa == 0 ? INFINITY : NAN;
    if ((bits & 0x8000U) != 0) want = -want;
    if (std::isnan(want))
      ASSERT_TRUE(std::isnan(out[bits])) << bits;
    else
      ASSERT_EQ(out[bits], static_cast<float>(want)) << bits;
    ASSERT_EQ(std::signbit(out[bits]), (bits & 0x8000U) != 0) << bits;
  }
}

TEST(Safetensors, SurvivesEveryCutAndEveryFlippedBit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("cut.safetensors");
  expect_cuts_and_flips_survived(path, two("[0,8]", "[8,16]", 16),
                                 [&] { read_all(*open_safetensors(path)); });
}

TEST(Safetensors, AHeaderOfManyTensorsIsReadInTime) {
  const TemporaryFolder folder;
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i)
    text += (i == 0 ? "" : ",") + entry("t" + std::to_string(i), "U8", "[1]",
                                        "[" + std::to_string(i) + "," + std::to_string(i + 1) + "]");
  const std::string path = folder.file("many.safetensors");
  write_text(path, safetensors(text + "}", std::string(20'000, 'x')));
  EXPECT_EQ(open_safetensors(path)->tensors().size(), 20'000U);
}

}  // namespace
}  // namespace simdclip::tests
