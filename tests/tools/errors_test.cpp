// Wrong command lines and bad input: the exit status, a message that helps, nothing on stdout, no
// half-written file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;

struct Case {
  std::vector<std::string> arguments;  // MODEL, PICTURE, SOURCE stand for files that are right
  int status;
  std::string message;  // a part of stderr
};

// Runs the cases in a folder of bad and good files, which must be unchanged afterwards.
class Errors : public testing::Test {
 protected:
  Errors() : source_("open_clip_folder") {
    const std::string good = read_file(picture()), model = read_file(model_file());
    write_file(folder_.file("empty"), "");
    write_file(folder_.file("text.txt"), "this is no picture\n");
    write_file(folder_.file("cut.png"), good.substr(0, good.size() / 2));
    write_file(folder_.file("cut.sclip"), model.substr(0, model.size() / 2));
    write_file(folder_.file("head.sclip"), model.substr(0, 10));
    write_file(folder_.file("no.sclip"), "this is no model\n");
    std::string flipped = model;
    flipped[100] = static_cast<char>(flipped[100] ^ 0x10);
    write_file(folder_.file("flipped.sclip"), flipped);
    std::string longer = model + "x";
    write_file(folder_.file("longer.sclip"), longer);
    std::filesystem::create_directory(folder_.path() / "folder");
    std::filesystem::create_directory(folder_.path() / "texts");
    write_file(folder_.file("texts/a.txt"), "no picture");
    std::filesystem::create_directory(folder_.path() / "mixed");
    write_file(folder_.file("mixed/good.png"), good);
    write_file(folder_.file("mixed/bad.png"), good.substr(0, 60));
    write_file(folder_.file("old.npy"), "old");
    write_file(folder_.file("zeros.pt"), std::string(1000, '\0'));
    write_file(folder_.file("huge.safetensors"), std::string(8, '\x7f') + "{}");
  }

  void check(const std::vector<Case>& cases) {
    cases_ += static_cast<int>(cases.size());
    RecordProperty("cases", cases_);
    const auto before = listing();
    for (const Case& c : cases) {
      std::vector<std::string> arguments = c.arguments;
      std::string shown;
      for (std::string& a : arguments) {
        a = a == "MODEL" ? model_file() : a == "PICTURE" ? picture() : a == "SOURCE" ? source_.source() : a;
        shown += " " + a;
      }
      const Ran r = run(arguments, {.folder = folder_.path().string()});
      EXPECT_EQ(r.status, c.status) << shown << "\n" << r.err;
      EXPECT_THAT(r.err, HasSubstr(c.message)) << shown;
      EXPECT_TRUE(r.err.starts_with("simdclip: ")) << shown << "\n" << r.err;
      EXPECT_EQ(r.out, "") << shown;
      EXPECT_EQ(r.err.find('\x1b'), std::string::npos) << shown;
      EXPECT_EQ(listing(), before) << shown << ": files were left behind or lost";
    }
  }

  std::vector<std::pair<std::string, uintmax_t>> listing() const {
    std::vector<std::pair<std::string, uintmax_t>> files;
    for (const auto& e : std::filesystem::recursive_directory_iterator(folder_.path())) {
      files.emplace_back(e.path().string(), e.is_regular_file() ? e.file_size() : 0);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  FixtureSource source_;
  TemporaryFolder folder_;
  int cases_ = 0;
};

TEST_F(Errors, WrongUsage) {
  check({
      {{}, 2, "no command"},
      {{"embd"}, 2, "did you mean embed?"},
      {{"convrt", "x"}, 2, "did you mean convert?"},
      {{"nonsense"}, 2, "unknown command 'nonsense'"},
      {{"convert", "SOURCE", "-o", "x.sclip", "--calibrate", "."}, 2, "--calibrate tunes int8"},
      {{"accuracy", "MODEL"}, 2, "two models are compared"},
      {{"accuracy", "MODEL", "MODEL"}, 2, "nothing to compare on"},
      {{"accuracy", "-m", "MODEL", "MODEL", "MODEL", "PICTURE"}, 2, "not by -m"},
      {{"--jsn"}, 2, "unknown command '--jsn'"},
      {{""}, 2, "unknown command ''"},
      {{"info", "--jsn"}, 2, "did you mean --json?"},
      {{"info", "--text"}, 2, "unknown option '--text'; see"},  // --help is no guess at it
      {{"info", "--modell", "MODEL"}, 2, "did you mean --model?"},
      {{"info", "--json=maybe"}, 2, "json"},
      {{"info", "-q"}, 2, "unknown option '-q'"},
      {{"info", "extra"}, 2, "unexpected argument 'extra'"},
      {{"info", "-m"}, 2, "--model"},
      {{"info", "-m", "MODEL", "-m", "MODEL"}, 2, "--model"},
      {{"info", "-m", "MODEL", "--threads", "0"}, 2, "--threads"},
      {{"info", "-m", "MODEL", "--threads", "-1"}, 2, "--threads"},
      {{"info", "-m", "MODEL", "--threads", "two"}, 2, "two"},
      {{"info", "-m", "MODEL", "--threads", "5000"}, 2, "5000"},
      {{"info", "-m", "MODEL", "--threads", "99999999999999999999"}, 2, "--threads"},
      {{"info", "-m", "MODEL", "--isa", "sse9"}, 2, "sse9"},
      {{"convert"}, 2, "no SOURCE"},
      {{"convert", "SOURCE"}, 2, "give -o OUT.sclip"},
      {{"convert", "SOURCE", "SOURCE", "-o", "x.sclip"}, 2, "more than one SOURCE"},
      {{"convert", "SOURCE", "-o", "x.sclip", "--precision", "f8"}, 2, "f32|bf16|int8"},
      {{"convert", "SOURCE", "-o", "x.sclip", "--precison", "f32"}, 2, "did you mean --precision?"},
      {{"tokenize", "-m", "MODEL"}, 2, "no text"},
      {{"tokenize", "-m", "MODEL", "--text-flie", "x"}, 2, "did you mean --text-file?"},
      {{"preprocess", "-m", "MODEL"}, 2, "no PICTURE"},
      {{"preprocess", "-m", "MODEL", "PICTURE"}, 2, "give -o PX.npy"},
      {{"preprocess", "-m", "MODEL", "PICTURE", "PICTURE", "-o", "x.npy"}, 2, "more than one PICTURE"},
      {{"preprocess", "-m", "MODEL", "PICTURE", "-o", "x.npy", "--exif", "maybe"}, 2, "on|off"},
      {{"embed", "-m", "MODEL", "PICTURE"}, 2, "give -o OUT.npy"},
      {{"embed", "-m", "MODEL", "-o", "x.npy"}, 2, "nothing to embed"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--text", "a"}, 2, "pictures and texts"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "--text"}, 2, "--text"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--skip-bad", "--strict"}, 2, "exclude each other"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--no-normalise"},
       2,
       "did you mean --no-normalize?"},
      {{"embed", "-m", "MODEL", "-o", "x.tsv", "PICTURE"}, 2, ".npy"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--shard", "3/2"}, 2, "3/2"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--shard", "1/2x"}, 2, "1/2x"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--rows", "f64"}, 2, "f64"},
      {{"embed", "-m", "MODEL", "-o", "x.npy", "PICTURE", "--rows", "int8", "--no-normalize"},
       2,
       "directions"},
      {{"merge", "-o", "x.npy"}, 2, "nothing to merge"},
      {{"index"}, 2, "no folder"},
      {{"search"}, 2, "nothing to search in"},
      {{"search", "folder"}, 2, "nothing to look for"},
      {{"search", "folder", "a", "--each", "--not", "b"}, 2, "--each"},
      {{"dups"}, 2, "nothing to look at"},
      {{"cluster", "--clusters", "0", "folder"}, 2, "clusters"},
      {{"rank", "-m", "MODEL", "--text", "a"}, 2, "no picture"},
      {{"rank", "-m", "MODEL", "PICTURE"}, 2, "no text"},
      {{"rank", "-m", "MODEL", "PICTURE", "--text", "a", "--top", "0"}, 2, "--top"},
      {{"bench", "-m", "MODEL", "--batch", "0"}, 2, "--batch"},
      {{"bench", "-m", "MODEL", "--secs", "0"}, 2, "--secs"},
      {{"bench", "-m", "MODEL", "--tower", "both"}, 2, "image|text"},
      {{"bench", "-m", "MODEL", "--tower", "text", "--tokens", "78", "--secs", "0.1"}, 2, "78"},
  });
}

TEST_F(Errors, Models) {
  check({
      {{"info", "-m", "missing.sclip"}, 1, "missing.sclip: no such model file"},
      {{"info", "-m", "no/such/model"}, 1, "no/such/model: no such model file"},
      {{"info", "-m", "folder"}, 1, "simdclip convert folder"},
      {{"info", "-m", "empty"}, 1, "empty"},
      {{"info", "-m", "no.sclip"}, 1, "no.sclip"},
      {{"info", "-m", "PICTURE"}, 1, "picture.png"},
      {{"info", "-m", "head.sclip"}, 1, "head.sclip"},
      {{"info", "-m", "cut.sclip"}, 1, "cut.sclip"},
      {{"info", "-m", "flipped.sclip"}, 1, "flipped.sclip"},
      {{"info", "-m", "longer.sclip"}, 1, "longer.sclip"},
      {{"rank", "-m", "cut.sclip", "PICTURE", "--text", "a"}, 1, "cut.sclip"},
      {{"embed", "-m", "cut.sclip", "PICTURE", "-o", "x.npy"}, 1, "cut.sclip"},
      {{"tokenize", "-m", "cut.sclip", "a"}, 1, "cut.sclip"},
      {{"bench", "-m", "cut.sclip"}, 1, "cut.sclip"},
      {{"bench", "-m", "MODEL", "--secs", "0.01", "--svg", "no/such/folder.svg"}, 1, "no/such/folder.svg"},
      {{"preprocess", "-m", "cut.sclip", "PICTURE", "-o", "x.npy"}, 1, "cut.sclip"},
  });
  EXPECT_EQ(run({"info"}, {.environment = {{"SIMDCLIP_DEFAULT_MODEL", "/no/model"}}}).status, 1);
  const Ran named = run({"info", "-m", "small"}, {.environment = {{"SIMDCLIP_MODELS", "/no:/where"}}});
  EXPECT_EQ(named.status, 1);
  EXPECT_THAT(named.err, HasSubstr("/no:/where"));
  const Ran forced = run({"info", "-m", model_file()}, {.environment = {{"SIMDCLIP_ISA", "sse9"}}});
  EXPECT_EQ(forced.status, 2);
  EXPECT_THAT(forced.err, HasSubstr("sse9"));
}

TEST_F(Errors, Inputs) {
  check({
      {{"preprocess", "-m", "MODEL", "missing.jpg", "-o", "x.npy"}, 1, "missing.jpg"},
      {{"preprocess", "-m", "MODEL", "folder", "-o", "x.npy"}, 1, "folder"},
      {{"preprocess", "-m", "MODEL", "empty", "-o", "x.npy"}, 1, "empty"},
      {{"preprocess", "-m", "MODEL", "text.txt", "-o", "x.npy"}, 1, "text.txt"},
      {{"preprocess", "-m", "MODEL", "cut.png", "-o", "x.npy"}, 1, "cut.png"},
      {{"search", "-m", "MODEL", "folder", "a"}, 1, "simdclip index"},
      {{"search", "-m", "MODEL", "missing", "a"}, 1, "no such index"},
      {{"search", "-m", "MODEL", "text.txt", "a"}, 1, "text.txt"},
      {{"search", "-m", "MODEL", "old.npy", "a"}, 1, "old.npy"},
      {{"dups", "empty"}, 1, "empty"},
      {{"index", "-m", "MODEL", "missing"}, 1, "missing: no such folder"},
      {{"index", "-m", "MODEL", "text.txt", "-o", "x.index"}, 1, "text.txt: is no folder"},
      {{"index", "-m", "MODEL", "mixed", "-o", "old.npy"}, 1, "old.npy"},
      {{"index", "-m", "MODEL", "mixed", "-o", "no/where/x"}, 1, "no/where"},
      {{"merge", "-o", "x.npy", "missing.npy"}, 1, "missing"},
      {{"embed", "-m", "MODEL", "no*match.jpg", "-o", "x.npy"}, 1, "nothing matches"},
      {{"embed", "-m", "MODEL", "missing.jpg", "-o", "x.npy"}, 1, "missing.jpg: no such picture"},
      {{"embed", "-m", "MODEL", "PICTURE", "cut.png", "-o", "x.npy"}, 1, "cut.png"},
      {{"embed", "-m", "MODEL", "PICTURE", "text.txt", "-o", "x.npy"}, 1, "text.txt"},
      {{"embed", "-m", "MODEL", "PICTURE", "cut.png", "-o", "old.npy"}, 1, "cut.png"},
      {{"embed", "-m", "MODEL", "mixed", "-o", "x.npy", "--strict"}, 1, "bad.png"},
      {{"embed", "-m", "MODEL", "folder", "-o", "x.npy"}, 1, "no picture could be embedded"},
      {{"embed", "-m", "MODEL", "texts", "-o", "x.npy"}, 1, "1 file that is no picture passed over"},
      {{"embed", "-m", "MODEL", "cut.png", "-o", "x.npy", "--skip-bad"}, 1, "no picture could be embedded"},
      {{"embed", "-m", "MODEL", "--text-file", "missing.txt", "-o", "x.npy"}, 1, "missing.txt"},
      {{"embed", "-m", "MODEL", "--text-file", "folder", "-o", "x.npy"}, 1, "folder: is a folder"},
      {{"embed", "-m", "MODEL", "--text-file", "empty", "-o", "x.npy"}, 1, "empty: is empty"},
      {{"tokenize", "-m", "MODEL", "--text-file", "empty"}, 1, "empty: is empty"},
      {{"rank", "-m", "MODEL", "PICTURE", "--text-file", "empty"}, 1, "empty: is empty"},
      {{"rank", "-m", "MODEL", "missing.jpg", "--text", "a"}, 1, "missing.jpg"},
      {{"rank", "-m", "MODEL", "cut.png", "--text", "a"}, 1, "cut.png"},
      {{"convert", "missing", "-o", "x.sclip"}, 1, "missing"},
      {{"convert", "folder", "-o", "x.sclip"}, 1, "folder"},
      {{"convert", "PICTURE", "-o", "x.sclip"}, 1, "picture.png"},
      {{"convert", "empty", "-o", "x.sclip"}, 1, "empty"},
      {{"convert", "zeros.pt", "-o", "x.sclip"}, 1, "zeros.pt"},
      {{"convert", "huge.safetensors", "-o", "x.sclip"}, 1, "huge.safetensors"},
  });
}

TEST_F(Errors, OutputsThatCannotBeWritten) {
  check({
      {{"convert", "SOURCE", "-o", "no/where/x.sclip"}, 1, "no/where"},
      {{"convert", "SOURCE", "-o", "folder"}, 1, "folder"},
      {{"convert", "SOURCE", "-o", "/proc/x.sclip"}, 1, "/proc"},
      {{"embed", "-m", "MODEL", "PICTURE", "-o", "no/where/x.npy"}, 1, "no/where"},
      {{"embed", "-m", "MODEL", "PICTURE", "-o", "folder"}, 1, "folder"},
      {{"embed", "-m", "MODEL", "PICTURE", "-o", "/proc/x.npy"}, 1, "/proc"},
      {{"embed", "-m", "MODEL", "PICTURE", "-o", "/dev/full"}, 1, "/dev/full"},
      {{"embed", "-m", "MODEL", "--text", "a", "-o", "no/where/x.npy"}, 1, "no/where"},
      {{"preprocess", "-m", "MODEL", "PICTURE", "-o", "no/where/x.npy"}, 1, "no/where"},
      {{"preprocess", "-m", "MODEL", "PICTURE", "-o", "folder"}, 1, "folder"},
      {{"embed", "-m", "MODEL", "mixed", "-o", "x.npy", "--errors", "no/where/errors"}, 1, "no/where/errors"},
  });
}

// What the checkpoint does not say is asked for.
TEST_F(Errors, TheConverterAsksForTheArchitecture) {
  const FixtureSource training("training_checkpoint");
  const TemporaryFolder bare;
  std::filesystem::copy_file(training.file("open_clip_pytorch_model.pt"), bare.file("model.pt"));
  const Ran r = run({"convert", bare.file("model.pt"), "-o", bare.file("x.sclip")});
  EXPECT_EQ(r.status, 1) << r.err;
  EXPECT_THAT(r.err, HasSubstr("--arch"));
  EXPECT_EQ(entries(bare.path().string()), std::vector<std::string>{"model.pt"});
  const Ran unknown =
      run({"convert", bare.file("model.pt"), "-o", bare.file("x.sclip"), "--arch", "ViT-Z-99"});
  EXPECT_NE(unknown.status, 0);
  EXPECT_THAT(unknown.err, HasSubstr("ViT-Z-99"));
}

// Sizes that are none are wrong usage; those that do not go with the model are named.
TEST_F(Errors, PictureSizesOfTheConverter) {
  const FixtureSource clip("open_clip_folder");
  const TemporaryFolder out;
  for (const char* size : {"0", "x", "48x", "x48", "48x0", "-48", "4.5", "48x48x48", "5000000000"}) {
    const Ran r = run({"convert", clip.source(), "-o", out.file("x.sclip"), "--image-size", size});
    EXPECT_EQ(r.status, 2) << size;
    EXPECT_THAT(r.err, HasSubstr("--image-size"));
  }
  const Ran small = run({"convert", clip.source(), "-o", out.file("x.sclip"), "--image-size", "7"});
  EXPECT_EQ(small.status, 2);
  EXPECT_THAT(small.err, HasSubstr("one patch"));
  EXPECT_EQ(run({"convert", clip.source(), "-o", out.file("x.sclip"), "--max-patches", "9"}).status, 2);
  EXPECT_TRUE(entries(out.path().string()).empty());
  ASSERT_EQ(run({"convert", clip.source(), "-o", out.file("x.sclip"), "--image-size", "24x40"}).status, 0);
  EXPECT_THAT(run({"info", "-m", out.file("x.sclip"), "--json"}).out, HasSubstr("\"image_size\": [24, 40]"));
}

// One tower alone: the other tower's commands say so.
TEST_F(Errors, ModelsWithOneTower) {
  const TemporaryFolder folder;
  const FixtureSource vision("transformers_vision"), text("transformers_text");
  ASSERT_EQ(run({"convert", vision.source(), "-o", folder.file("v.sclip")}).status, 0);
  ASSERT_EQ(run({"convert", text.source(), "-o", folder.file("t.sclip")}).status, 0);
  for (const auto& [arguments, tower] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"embed", "-m", folder.file("t.sclip"), "-o", folder.file("x.npy"), picture()}, "image tower"},
           {{"rank", "-m", folder.file("t.sclip"), picture(), "--text", "a"}, "image tower"},
           {{"preprocess", "-m", folder.file("t.sclip"), "-o", folder.file("x.npy"), picture()},
            "image tower"},
           {{"bench", "-m", folder.file("t.sclip"), "--secs", "0.1"}, "image tower"},
           {{"embed", "-m", folder.file("v.sclip"), "-o", folder.file("x.npy"), "--text", "a"}, "text tower"},
           {{"tokenize", "-m", folder.file("v.sclip"), "a"}, "text tower"},
           {{"bench", "-m", folder.file("v.sclip"), "--tower", "text", "--secs", "0.1"}, "text tower"}}) {
    const Ran r = run(arguments);
    EXPECT_EQ(r.status, 1) << r.err;
    EXPECT_THAT(r.err, HasSubstr(tower));
    EXPECT_FALSE(std::filesystem::exists(folder.file("x.npy")));
  }
}

// A bad picture in a folder is reported and left out.
TEST_F(Errors, BadPicturesInFoldersAreLeftOut) {
  const RunOptions here{.folder = folder_.path().string()};
  const Ran r =
      run({"embed", "-m", model_file(), "mixed", "-o", "x.npy", "--errors", "errors.tsv", "--json"}, here);
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_EQ(parsed(r.out)["bad"], 1);
  EXPECT_THAT(r.err, HasSubstr("mixed/bad.png"));
  EXPECT_EQ(read_file(folder_.file("x.tsv")), "0\tmixed/good.png\n");
  EXPECT_TRUE(read_file(folder_.file("errors.tsv")).starts_with("mixed/bad.png\t"));
  const Ran named = run({"embed", "-m", model_file(), "mixed/bad.png", "missing.png", "mixed/good.png", "-o",
                         "y.npy", "--skip-bad"},
                        here);
  ASSERT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(read_file(folder_.file("y.tsv")), "0\tmixed/good.png\n");
  EXPECT_EQ(read_file(folder_.file("x.npy")), read_file(folder_.file("y.npy")));
}

}  // namespace
}  // namespace simdclip::tests
