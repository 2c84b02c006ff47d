// Rows as f32, f16 and int8, in memory and as .npy files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "simdclip/search.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

std::vector<float> round_trip(const std::vector<float>& values, RowType type) {
  std::vector<std::byte> bytes(row_bytes(type, values.size()));
  encode_row(values, type, bytes);
  std::vector<float> out(values.size());
  decode_row(bytes, type, out);
  return out;
}

TEST(RowTypes, HalfKeepsWhatFitsAndRoundsToEven) {
  const std::vector<float> exact = {0.0F,     -0.0F,    1.0F,        -2.5F,   65504.0F,
                                    0x1p-14F, 0x1p-24F, -0x1.8p-23F, INFINITY};
  EXPECT_EQ(round_trip(exact, RowType::f16), exact);
  // Halfway between 1 and the next half, between the next two, beyond the largest, and below half the
  // smallest.
  EXPECT_THAT(
      round_trip({1 + 0x1p-11F, 1 + 3 * 0x1p-11F, 65520.0F, 65519.0F, 0x1p-25F, 0x1.1p-25F, 0x1.8p-24F},
                 RowType::f16),
      testing::ElementsAre(1.0F, 1 + 0x1p-9F, INFINITY, 65504.0F, 0.0F, 0x1p-24F, 0x1p-23F));
  EXPECT_TRUE(std::isnan(round_trip({std::nanf("")}, RowType::f16)[0]));
}

TEST(RowTypes, HalfIsTheNearest) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const float x = std::ldexp(static_cast<float>(random() % 16'777'216) / 16'777'216.0F + 1,
                               static_cast<int>(random() % 42) - 26);
    const float half = round_trip({x}, RowType::f16)[0];
    const float step = std::ldexp(1.0F, std::max(std::ilogb(x), -14) - 10);
    if (x >= 65504) continue;
    ASSERT_LE(std::fabs(half - x), step / 2) << x;
  }
}

TEST(RowTypes, BytesKeepTheDirection) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> row(512);
  double squares = 0;
  for (float& x : row) squares += std::pow(double{x = normal(random)}, 2);
  for (float& x : row) x = static_cast<float>(x / std::sqrt(squares));
  const std::vector<float> back = round_trip(row, RowType::int8);
  double dot = 0, length = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    dot += double{row[i]} * double{back[i]};
    length += double{back[i]} * double{back[i]};
  }
  EXPECT_NEAR(length, 1, 1e-6);
  EXPECT_GT(dot, 0.9998);
  EXPECT_EQ(round_trip({0, 0, 0}, RowType::int8), (std::vector<float>{0, 0, 0}));
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& values,
                char version = 1) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  std::string out("\x93NUMPY", 6);
  out += version;
  out += '\0';
  out += static_cast<char>(118);
  out += '\0';
  if (version > 1) out += std::string(2, '\0');
  return out + header + values;
}

TEST(VectorsFile, HoldsTheThreeTypes) {
  const TemporaryFolder folder;
  const float floats[] = {1, 2, 3, 4, 5, 6};
  write_text(folder.file("a.npy"),
             npy("<f4", "(2, 3)", std::string(reinterpret_cast<const char*>(floats), sizeof floats)));
  const Vectors a = Vectors::open(folder.file("a.npy"));
  EXPECT_EQ(a.size(), 2U);
  EXPECT_EQ(a.width(), 3U);
  EXPECT_EQ(a.row(1), (std::vector<float>{4, 5, 6}));
  const uint16_t halves[] = {0x3C00, 0xC000};
  write_text(folder.file("b.npy"),
             npy("<f2", "(1,2)", std::string(reinterpret_cast<const char*>(halves), 4), 2));
  EXPECT_EQ(Vectors::open(folder.file("b.npy")).row(0), (std::vector<float>{1, -2}));
  write_text(folder.file("c.npy"), npy("|i1", "(2, 2)", std::string("\x03\x04\x00\xFC", 4)));
  const Vectors c = Vectors::open(folder.file("c.npy"));
  EXPECT_EQ(c.row(0), (std::vector<float>{0.6F, 0.8F}));
  const float along[] = {0, -1};
  const auto hits = search(c, along, {.top = 5});
  ASSERT_EQ(hits[0].size(), 2U);
  EXPECT_EQ(hits[0][0].row, 1U);
  EXPECT_NEAR(hits[0][0].score, 1, 1e-6);
  EXPECT_NEAR(hits[0][1].score, -0.8, 1e-4);
  write_text(folder.file("empty.npy"), npy("<f4", "(0, 3)", ""));
  EXPECT_EQ(Vectors::open(folder.file("empty.npy")).size(), 0U);
}

TEST(VectorsFile, HostileOnesAreErrors) {
  const TemporaryFolder folder;
  const std::string path = folder.file("x.npy");
  const auto expect = [&](ErrorCode code, const std::string& bytes, const char* part) {
    write_text(path, bytes);
    expect_error(code, [&] { Vectors::open(path); }, {path.c_str(), part});
  };
  const std::string good = npy("<f4", "(1, 2)", std::string(8, 'a'));
  for (size_t size = 0; size < good.size(); ++size) expect(ErrorCode::damaged, good.substr(0, size), "");
  expect(ErrorCode::damaged, good + "x", "found 9");
  expect(ErrorCode::damaged, npy("<f4", "(4611686018427387904, 4)", ""), "more than 2^64");
  expect(ErrorCode::damaged, npy("<f4", "(99999999999999999999, 4)", ""), "shape");
  expect(ErrorCode::damaged, npy("<f4", "(1, x)", ""), "shape");
  expect(ErrorCode::damaged, npy("<f4", "(1, -2)", ""), "shape");
  expect(ErrorCode::damaged, npy("<f4", "(1, 2", std::string(8, 'a')), "");
  expect(ErrorCode::unsupported, npy("<f8", "(1, 1)", std::string(8, 'a')), "<f8");
  expect(ErrorCode::unsupported, npy(">f4", "(1, 2)", std::string(8, 'a')), ">f4");
  expect(ErrorCode::unsupported, npy("<f4", "(2,)", std::string(8, 'a')), "rows");
  expect(ErrorCode::unsupported, npy("<f4", "(2, 0)", ""), "rows");
  expect(ErrorCode::unsupported, npy("<f4", "(1, 2)", std::string(8, 'a'), 9), "version 9");
  std::string columns = good;
  columns.replace(columns.find("False"), 5, "True ");
  expect(ErrorCode::unsupported, columns, "C order");
  expect_error(ErrorCode::not_found, [&] { Vectors::open(folder.file("none.npy")); });
}

TEST(VectorsInMemory, RefuseOtherRows) {
  Vectors v(3, RowType::f16);
  expect_error(ErrorCode::invalid_argument, [&] { v.append(std::vector<float>(4)); }, {"4", "3"});
  expect_error(ErrorCode::invalid_argument, [&] { v.append_encoded(std::vector<std::byte>(5)); }, {"5", "6"});
  expect_error(ErrorCode::invalid_argument, [] { parse_row_type("f64"); }, {"f64"});
  for (int i = 0; i < 1000; ++i) v.append(std::vector<float>{static_cast<float>(i), 0, 1});
  EXPECT_EQ(v.row(999), (std::vector<float>{999, 0, 1}));
  EXPECT_EQ(v.row(0), (std::vector<float>{0, 0, 1}));
}

}  // namespace
}  // namespace simdclip::tests
