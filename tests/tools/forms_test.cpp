// The commands' fixed forms, on a real file format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;

double cosine(std::span<const float> a, std::span<const float> b) {
  const auto dot = [](std::span<const float> x, std::span<const float> y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

std::vector<float> row(const Npy<float>& array, size_t i) {
  const size_t width = array.shape.at(1);
  return {array.values.begin() + static_cast<std::ptrdiff_t>(i * width),
          array.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width)};
}

TEST(Forms, InfoJson) {
  const Ran r = run({"info", "-m", model_file(), "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(r.err, "");
  const auto info = parsed(r.out);
  const FixtureSource source("open_clip_folder");
  EXPECT_EQ(info["precision"], "f32");
  EXPECT_EQ(info["embed_dim"], 20);
  EXPECT_EQ(info["image_size"], 32);
  EXPECT_EQ(info["context_length"], 77);
  EXPECT_EQ(info["activation"], source.expected()["activation"]);
  EXPECT_GT(info["parameters"].get<uint64_t>(), 1'000'000U);
  EXPECT_NEAR(info["logit_scale"].get<double>(), source.expected()["logit_scale"].get<double>(), 1e-3);
  EXPECT_TRUE(info["config"].is_object());
  EXPECT_EQ(info["file_bytes"], std::filesystem::file_size(model_file()));
  uint64_t values = 0, bytes = 0;
  for (const auto& tensor : info["tensors"]) {
    uint64_t elements = 1;
    for (const uint64_t extent : tensor["shape"]) elements *= extent;
    values += elements;
    bytes += tensor["bytes"].get<uint64_t>();
    EXPECT_GE(tensor["bytes"].get<uint64_t>(), 4 * elements) << tensor["name"];  // f32, or panels of it
  }
  EXPECT_EQ(values, info["parameters"]);
  EXPECT_LT(bytes, info["file_bytes"]);
  const Ran table = run({"info", "-m", model_file(), "--verify"});
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.out, HasSubstr("precision    f32\n"));
  EXPECT_THAT(run({"info", "-m", model_file(), "--tensors"}).out,
              testing::ContainsRegex("visual.class_embedding +\\[[0-9]+\\] +f32"));
}

TEST(Forms, TokenizeGivesTheReferencesIds) {
  const FixtureSource source("open_clip_folder");
  const Npy<int32_t> ids = source.ids();
  std::vector<std::string> arguments = {"tokenize", "-m", model_file(), "--json", "--"};
  for (const std::string& text : fixture_texts()) arguments.push_back(text);
  const Ran r = run(arguments);
  ASSERT_EQ(r.status, 0) << r.err;
  const auto rows = parsed(r.out)["ids"];
  ASSERT_EQ(rows.size(), ids.shape[0]);
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<int32_t> want(ids.values.begin() + static_cast<std::ptrdiff_t>(i * 77),
                                    ids.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * 77));
    EXPECT_EQ(rows[i].get<std::vector<int32_t>>(), want) << "text " << i;
  }
}

// Texts that the parser of the command line could take apart.
TEST(Forms, TextsArriveUnchanged) {
  const TemporaryFolder folder;
  const std::vector<std::string> texts = {"[a, b]", "{}",   "",     "%%", "a=b",    "\"quoted\"",
                                          "[",      "info", "\x01", "-5", "--json", "a\tb"};
  std::vector<std::string> arguments = {"tokenize", "-m", model_file(), "--json", "--"};
  std::string lines;
  for (const std::string& text : texts) {
    arguments.push_back(text);
    lines += text + "\n";
  }
  write_file(folder.file("texts.txt"), lines);
  const Ran given = run(arguments),
            from_file =
                run({"tokenize", "-m", model_file(), "--json", "--text-file", folder.file("texts.txt")});
  const Ran from_stdin =
      run({"tokenize", "-m", model_file(), "--json", "--text-file", "-"}, {.input = lines});
  ASSERT_EQ(given.status, 0) << given.err;
  EXPECT_EQ(parsed(given.out)["ids"].size(), texts.size());
  EXPECT_EQ(given.out, from_file.out);
  EXPECT_EQ(given.out, from_stdin.out);
  for (const char* text : {"[a, b]", "-5", ""}) {
    const Ran one =
        run({"embed", "-m", model_file(), "-o", folder.file("x.npy"), std::string("--text=") + text});
    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(read_npy<float>(folder.file("x.npy")).shape, (std::vector<size_t>{1, 20}));
    EXPECT_EQ(read_file(folder.file("x.tsv")), std::string("0\t") + text + "\n");
  }
}

TEST(Forms, LineEndsOfTextFiles) {
  const Ran unix_ends =
      run({"tokenize", "-m", model_file(), "--text-file", "-"}, {.input = "a cat\n\na dog\n"});
  const Ran windows_ends =
      run({"tokenize", "-m", model_file(), "--text-file", "-"}, {.input = "a cat\r\n\r\na dog"});
  EXPECT_EQ(unix_ends.out, windows_ends.out);
  EXPECT_EQ(std::count(unix_ends.out.begin(), unix_ends.out.end(), '\n'), 3);
}

TEST(Forms, PreprocessGivesTheReferencesPixels) {
  const TemporaryFolder folder;
  const Ran r = run({"preprocess", "-m", model_file(), picture(), "-o", folder.file("px.npy")});
  ASSERT_EQ(r.status, 0) << r.err;
  const Npy<float> pixels = read_npy<float>(folder.file("px.npy")),
                   want = FixtureSource("open_clip_folder").floats("pixels");
  ASSERT_EQ(pixels.shape, (std::vector<size_t>{3, 32, 32}));
  for (size_t i = 0; i < pixels.values.size(); ++i) ASSERT_NEAR(pixels.values[i], want.values[i], 1e-5) << i;
}

TEST(Forms, EmbedPictureEqualsTheReference) {
  const TemporaryFolder folder;
  const std::string out = folder.file("out.npy");
  ASSERT_EQ(run({"embed", "-m", model_file(), "-o", out, picture(), "--no-normalize"}).status, 0);
  const Npy<float> raw = read_npy<float>(out),
                   want = FixtureSource("open_clip_folder").floats("image_embeddings");
  ASSERT_EQ(raw.shape, (std::vector<size_t>{1, 20}));
  EXPECT_GT(cosine(row(raw, 0), row(want, 0)), 1 - 1e-6);
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(raw.values[i], want.values[i], 1e-4);
  ASSERT_EQ(run({"embed", "-m", model_file(), "-o", out, picture()}).status, 0);
  const Npy<float> unit = read_npy<float>(out);
  EXPECT_NEAR(std::inner_product(unit.values.begin(), unit.values.end(), unit.values.begin(), 0.0), 1, 1e-6);
  EXPECT_EQ(read_file(folder.file("out.tsv")), "0\t" + picture() + "\n");
  EXPECT_EQ(entries(folder.path().string()), (std::vector<std::string>{"out.npy", "out.tsv"}));
}

TEST(Forms, EmbedTextsEqualTheReference) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = {"embed", "-m", model_file(), "-o", folder.file("t.npy"), "--text"};
  for (const std::string& text : fixture_texts()) arguments.push_back(text);
  const Ran r = run(arguments);
  ASSERT_EQ(r.status, 0) << r.err;
  const Npy<float> got = read_npy<float>(folder.file("t.npy")),
                   want = FixtureSource("open_clip_folder").floats("text_embeddings");
  ASSERT_EQ(got.shape, want.shape);
  for (size_t i = 0; i < want.shape[0]; ++i) EXPECT_GT(cosine(row(got, i), row(want, i)), 1 - 1e-6) << i;
}

// Recursive, sorted bytewise, in the order of the arguments; what is no picture is passed over and counted.
TEST(Forms, EmbedFolders) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(picture());
  std::filesystem::create_directories(folder.path() / "p/b/c");
  std::filesystem::create_directories(folder.path() / "p/empty");
  for (const char* name : {"p/b/z", "p/b-1.png", "p/a.png", "p/B.png", "p/b/c/\xC3\xA9.png",
                           "p/new\nline\tname.png", "p/bad\xFFutf8.png"}) {
    write_file(folder.file(name), bytes);
  }
  write_file(folder.file("p/notes.txt"), "no picture");
  write_file(folder.file("p/empty.png"), "");
  std::filesystem::create_directory_symlink(folder.path() / "p", folder.path() / "p/b/loop");
  const Ran r = run({"embed", "-m", model_file(), "-o", "out.npy", "p", "p/a.png", "--json"},
                    {.folder = folder.path().string()});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(read_file(folder.file("out.tsv")),
            "0\tp/B.png\n1\tp/a.png\n2\tp/b-1.png\n3\tp/b/c/\xC3\xA9.png\n4\tp/b/z\n5\tp/"
            "bad\xFFutf8.png\n6\tp/new\\nline\\tname.png\n7\tp/a.png\n");
  EXPECT_EQ(read_npy<float>(folder.file("out.npy")).shape, (std::vector<size_t>{8, 20}));
  const auto document = parsed(r.out);
  EXPECT_EQ(document["shape"], (std::vector<size_t>{8, 20}));
  EXPECT_EQ(document["bad"], 0);
  EXPECT_GE(document["passed_over"].get<int>(), 2);
  EXPECT_THAT(r.err, HasSubstr("passed over"));
}

// A row does not depend on its neighbours, the threads, or how many pictures there are.
TEST(Forms, EmbedBitsDoNotDependOnTheRest) {
  const TemporaryFolder folder;
  const std::string images = std::string(kFixtures) + "/image";
  ASSERT_EQ(run({"embed", "-m", model_file(), "-o", folder.file("all.npy"), images, "--threads", "2"}).status,
            0);
  ASSERT_EQ(
      run({"embed", "-m", model_file(), "-o", folder.file("three.npy"), images, "--threads", "3"}).status, 0);
  EXPECT_EQ(read_file(folder.file("all.npy")), read_file(folder.file("three.npy")));
  const std::string some = images + "/jpeg_420.jpg";
  ASSERT_EQ(run({"embed", "-m", model_file(), "-o", folder.file("one.npy"), some, "--threads", "1"}).status,
            0);
  const Npy<float> all = read_npy<float>(folder.file("all.npy")),
                   one = read_npy<float>(folder.file("one.npy"));
  std::istringstream names(read_file(folder.file("all.tsv")));
  std::string line;
  bool found = false;
  for (size_t i = 0; std::getline(names, line); ++i) {
    if (!line.ends_with("\t" + some)) continue;
    found = true;
    EXPECT_EQ(row(all, i), one.values);
  }
  EXPECT_TRUE(found);
}

TEST(Forms, ExifTurnsPicturesUnlessItIsOff) {
  const TemporaryFolder folder;
  const std::string images = std::string(kFixtures) + "/image/";
  const auto embedded = [&](const std::string& file, const std::string& exif) {
    std::vector<std::string> arguments = {"embed",      "-m", model_file(), "-o", folder.file("x.npy"),
                                          images + file};
    if (!exif.empty()) arguments.insert(arguments.end(), {"--exif", exif});
    EXPECT_EQ(run(arguments).status, 0);
    return read_npy<float>(folder.file("x.npy")).values;
  };
  EXPECT_EQ(embedded("exif_6.png", ""), embedded("exif_6.png", "on"));
  EXPECT_NE(embedded("exif_6.png", "on"), embedded("exif_6.png", "off"));
  EXPECT_EQ(embedded("exif_1.png", "on"), embedded("exif_1.png", "off"));
}

TEST(Forms, RankJsonIsConsistent) {
  const Ran r = run({"rank", "-m", model_file(), picture(), std::string(kFixtures) + "/image/png_rgb_8.png",
                     "--json", "--text", "a cat", "a dog", "\"quoted\""});
  ASSERT_EQ(r.status, 0) << r.err;
  const auto document = parsed(r.out);
  const double scale = parsed(run({"info", "-m", model_file(), "--json"}).out)["logit_scale"];
  ASSERT_EQ(document["pictures"].size(), 2U);
  for (const auto& p : document["pictures"]) {
    ASSERT_EQ(p["scores"].size(), 3U);
    double sum = 0;
    for (const auto& score : p["scores"]) {
      sum += score["probability"].get<double>();
      EXPECT_NEAR(score["logit"].get<double>(), scale * score["cosine"].get<double>(), 1e-4);
      EXPECT_LE(std::abs(score["cosine"].get<double>()), 1.0);
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_EQ(p["scores"][2]["text"], "\"quoted\"");
  }
  EXPECT_EQ(document["pictures"][0]["picture"], picture());
}

TEST(Forms, RankTableIsSortedAndCut) {
  const Ran r = run({"rank", "-m", model_file(), picture(), "--top", "2", "--text", "a cat", "a dog", "a car",
                     "two\nlines\x1b[31m"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), '\n'), 4) << r.out;  // picture, heading, two texts
  EXPECT_EQ(r.out.find('\x1b'), std::string::npos);
}

TEST(Forms, BenchJson) {
  for (const char* tower : {"image", "text"}) {
    const Ran r = run({"bench", "-m", model_file(), "--tower", tower, "--batch", "3", "--threads", "2",
                       "--secs", "0.05", "--json"});
    ASSERT_EQ(r.status, 0) << r.err;
    const auto b = parsed(r.out);
    for (const char* key : {"items_per_s", "ms", "gflops", "rss_mb", "load_ms"})
      EXPECT_GT(b[key].get<double>(), 0) << key;
    EXPECT_NEAR(b["peak_fraction"].get<double>(), b["gflops"].get<double>() / b["peak_gflops"].get<double>(),
                1e-6);
    EXPECT_TRUE(b["isa"].is_string());
    EXPECT_EQ(b["threads"], 2);
  }
}

TEST(Forms, AccuracyOfAModelBesideItselfAndInt8) {
  const TemporaryFolder folder;
  const FixtureSource source("open_clip_folder");
  ASSERT_EQ(run({"convert", source.source(), "-o", folder.file("int8.sclip"), "--precision", "int8"}).status,
            0);
  const std::vector<std::string> texts = {"--text", "a cat", "two dogs"};
  const auto compared = [&](const std::string& other) {
    const Ran r = run({"accuracy", model_file(), other, picture(), "--json", texts[0], texts[1], texts[2]});
    EXPECT_EQ(r.status, 0) << r.err;
    return parsed(r.out);
  };
  const auto same = compared(model_file()), int8 = compared(folder.file("int8.sclip"));
  EXPECT_NEAR(same["pictures"]["lowest"].get<double>(), 1, 1e-12);
  EXPECT_EQ(same["ranks"]["top_1"], 1);
  EXPECT_EQ(int8["precision"][1], "int8");
  EXPECT_EQ(int8["texts"]["count"], 2);
  EXPECT_LT(int8["texts"]["lowest"].get<double>(), 1 - 1e-9);
  EXPECT_GT(int8["texts"]["lowest"].get<double>(), 0.9);
  EXPECT_EQ(int8["pictures"]["lowest_source"], picture());
}

TEST(Forms, BenchDrawsARoofline) {
  for (const char* tower : {"image", "text"}) {
    const TemporaryFolder folder;
    const std::string svg = folder.file("roof.svg");
    const Ran r = run({"bench", "-m", model_file(), "--tower", tower, "--batch", "3", "--secs", "0.05",
                       "--svg", svg, "--json"});
    ASSERT_EQ(r.status, 0) << r.err;
    EXPECT_GT(parsed(r.out)["gflops"].get<double>(), 0);
    EXPECT_EQ(entries(folder.path().string()), std::vector<std::string>{"roof.svg"});
    std::ifstream file(svg);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text.starts_with("<svg xmlns=")) << text;
    EXPECT_TRUE(text.ends_with("</svg>\n")) << text;
    for (const char* part :
         {"attn.qkv", "attention", "attn.proj", "mlp.fc1", "mlp.fc2", "whole tower", " GB/s", "peak "})
      EXPECT_NE(text.find(part), std::string::npos) << part;
    for (const char* wrong : {"nan", "inf"}) EXPECT_EQ(text.find(wrong), std::string::npos) << text;
  }
}

TEST(Forms, ConvertEveryFixture) {
  for (const std::string& name : all_fixtures()) {
    const FixtureSource source(name);
    const TemporaryFolder folder;
    const Ran r = run({"convert", source.source(), "-o", folder.file("m.sclip"), "--json"});
    ASSERT_EQ(r.status, 0) << name << ": " << r.err;
    EXPECT_EQ(parsed(r.out)["output"], folder.file("m.sclip"));
    EXPECT_EQ(entries(folder.path().string()), std::vector<std::string>{"m.sclip"});
    EXPECT_EQ(run({"info", "-m", folder.file("m.sclip"), "--verify"}).status, 0);
  }
}

TEST(Forms, ModelsByName) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(model_file(), folder.file("small.sclip"));
  const std::string folders = "/nowhere:" + folder.path().string();
  for (const char* name : {"small", "small.sclip"}) {
    const Ran r = run({"info", "-m", name, "--json"}, {.environment = {{"SIMDCLIP_MODELS", folders}}});
    ASSERT_EQ(r.status, 0) << r.err;
    EXPECT_EQ(parsed(r.out)["path"], folder.file("small.sclip"));
  }
  const Ran chosen =
      run({"info", "--json"}, {.environment = {{"SIMDCLIP_DEFAULT_MODEL", folder.file("small.sclip")}}});
  ASSERT_EQ(chosen.status, 0) << chosen.err;
  EXPECT_EQ(parsed(chosen.out)["path"], folder.file("small.sclip"));
}

TEST(Forms, HelpHasExamples) {
  for (const char* command : {"convert", "info", "tokenize", "preprocess", "embed", "merge", "index",
                              "search", "dups", "cluster", "rank", "bench"}) {
    const Ran r = run({command, "--help"});
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.err, "");
    EXPECT_THAT(r.out, HasSubstr(std::string("Usage: simdclip ") + command));
    EXPECT_THAT(r.out, HasSubstr(std::string("Examples:\n  simdclip ") + command));
  }
  EXPECT_THAT(run({"--help"}).out, HasSubstr("Exit status"));
  const Ran version = run({"--version"});
  EXPECT_THAT(version.out, HasSubstr("simdclip 0."));
  EXPECT_THAT(version.out, HasSubstr("portable"));
  EXPECT_THAT(version.out, HasSubstr("libjpeg"));
}

}  // namespace
}  // namespace simdclip::tests
