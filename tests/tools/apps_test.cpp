// The commands that are built on embeddings, as their users meet them, on the default model and the demo
// pictures where a test is about what they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/paths.h"
#include "tools/program.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kDemo = std::string(kFixtures) + "/../../assets/demo";

// The words of a shell command with "..." and '...'.
std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ') {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (line[i] != '"' && line[i] != '\'') {
      words.back() += line[i];
      continue;
    }
    const size_t end = line.find(line[i], i + 1);
    words.back() += line.substr(i + 1, end - i - 1);
    i = end;
  }
  return words;
}

// Every example that needs no model of one's own runs as it is printed, where the repository's assets are.
class HelpExamples : public testing::TestWithParam<const char*> {};
TEST_P(HelpExamples, RunAsTheyArePrinted) {
  const TemporaryFolder folder;
  std::filesystem::create_directory_symlink(kDemo + "/..", folder.path() / "assets");
  const std::string help = run({GetParam(), "--help"}).out;
  size_t examples = 0;
  for (size_t at = help.find("Examples:"); (at = help.find("\n  simdclip ", at)) != std::string::npos;) {
    at += 3;
    const std::string line = help.substr(at, help.find('\n', at) - at);
    if (line.find(" -m ") != std::string::npos) continue;
    std::vector<std::string> words = shell_words(line);
    words.erase(words.begin());
    const Ran r = run(
        words, {.environment = {{"XDG_CACHE_HOME", folder.file("cache")}}, .folder = folder.path().string()});
    EXPECT_EQ(r.status, 0) << line << '\n' << r.err;
    EXPECT_FALSE(r.out.empty()) << line;
    ++examples;
  }
  EXPECT_GE(examples, 1U) << help;
}
INSTANTIATE_TEST_SUITE_P(Commands, HelpExamples,
                         testing::Values("classify", "compare", "condition", "interrogate", "score", "tag"));

TEST(ClassifyCommand, DemoPictures) {
  const Ran r =
      run({"classify", kDemo + "/tree.png", kDemo + "/sport-utility-vehicle.png", "--class", "a tree",
           "a pepperoni pizza slice", "a sport utility vehicle", "--json", "--cache", "off"});
  ASSERT_EQ(r.status, 0) << r.err;
  const auto document = parsed(r.out);
  ASSERT_EQ(document["pictures"].size(), 2U);
  EXPECT_EQ(document["pictures"][0]["classes"][0]["class"], "a tree");
  EXPECT_EQ(document["pictures"][1]["classes"][0]["class"], "a sport utility vehicle");
}

TEST(CompareCommand, ThePhraseThatThePictureShowsGains) {
  const Ran r = run({"compare", kDemo + "/tree.png", "--text", "a tree, a pizza", "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  const auto prompt = parsed(r.out)["pictures"][0]["prompts"][0];
  ASSERT_EQ(prompt["phrases"].size(), 2U);
  EXPECT_EQ(prompt["phrases"][0]["phrase"], "a tree");
  EXPECT_GT(prompt["phrases"][0]["gain"], prompt["phrases"][1]["gain"]);
  EXPECT_THAT(run({"compare", kDemo + "/tree.png", "--text", "a tree, a pizza"}).out,
              HasSubstr("without  phrase"));
  EXPECT_EQ(run({"compare", kDemo + "/tree.png"}).status, 2);
  EXPECT_EQ(run({"compare", kDemo + "/tree.png", "--text", " , "}).status, 2);
}

TEST(ClassifyCommand, EvaluatesByTableAndByFolder) {
  const TemporaryFolder folder;
  for (const std::string name : {"tree", "turn-ahead"}) {
    std::filesystem::create_directories(folder.path() / name);
    std::filesystem::copy_file(kDemo + "/" + name + ".png", folder.path() / name / (name + ".png"));
  }
  std::filesystem::copy_file(kDemo + "/tree.png", folder.path() / "turn-ahead" / "wrong.png");
  const Ran r = run({"classify", folder.path().string(), "--class", "tree", "turn-ahead", "--labels",
                     "folders", "--json", "--cache", "off"});
  ASSERT_EQ(r.status, 0) << r.err;
  const auto e = parsed(r.out)["evaluation"];
  EXPECT_EQ(e["pictures"], 3);
  EXPECT_NEAR(e["top1"].get<double>(), 2.0 / 3, 1e-6);
  EXPECT_EQ(e["confusions"][0]["class"], "turn-ahead");
  EXPECT_EQ(e["confusions"][0]["predicted"], "tree");
  write_file(folder.file("labels.tsv"), "picture\tclass\ntree.png\ttree\nturn-ahead.png\t1\n");
  const Ran table = run({"classify", folder.path().string(), "--class", "tree", "turn-ahead", "--labels",
                         folder.file("labels.tsv"), "--quiet", "--cache", "off"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("pictures with a label: 2 (1 without)"));
  EXPECT_THAT(table.out, HasSubstr("top-1: 100.00 %"));
  write_file(folder.file("labels.tsv"), "tree.png,tree\nturn-ahead.png,a dog\n");
  const Ran unknown = run({"classify", folder.path().string(), "--class", "tree", "turn-ahead", "--labels",
                           folder.file("labels.tsv"), "--cache", "off"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("line 2: 'a dog' is neither a class name"));
}

TEST(ClassifyCommand, ListsCsvAndErrors) {
  const TemporaryFolder folder;
  write_file(folder.file("classes.json"), "[\"a, \\\"quoted\\\" cat\",\n\"dog\"]\n");
  const Ran csv = run({"classify", "-m", model_file(), picture(), "--classes", folder.file("classes.json"),
                       "--csv", "--cache", "off"});
  ASSERT_EQ(csv.status, 0) << csv.err;
  EXPECT_THAT(csv.out, HasSubstr("picture,rank,class,cosine,logit,probability\r\n"));
  EXPECT_THAT(csv.out, HasSubstr("\"a, \"\"quoted\"\" cat\""));
  EXPECT_EQ(run({"classify", "-m", model_file(), picture()}).status, 2);
  EXPECT_EQ(run({"classify", "-m", model_file(), "--class", "a"}).status, 2);
  const Ran bad = run({"classify", "-m", model_file(), picture(), "--class", "a", "--template", "no place",
                       "--cache", "off"});
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, HasSubstr("has no {}"));
  const Ran cached =
      run({"classify", "-m", model_file(), picture(), "--class", "a", "--cache", folder.file("cache")});
  EXPECT_EQ(cached.status, 0);
  EXPECT_EQ(entries(folder.file("cache")).size(), 1U);
}

TEST(ScoreCommand, RightPromptScoresHigher) {
  const Ran r = run({"score", kDemo + "/tree.png", kDemo + "/pepperoni-pizza-slice.png", "--prompt", "a tree",
                     "--iqa", "quality", "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  const auto document = parsed(r.out);
  EXPECT_GT(document["scores"][0]["clip_score"].get<double>(),
            document["scores"][1]["clip_score"].get<double>() + 5);
  EXPECT_EQ(document["means"]["iqa: quality"]["n"], 2);
}

TEST(ScoreCommand, ManifestToReport) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(kDemo + "/tree.png", folder.path() / "a tree.png");
  write_file(folder.file("m.csv"),
             "picture,prompt,reference\na tree.png,\"a \"\"tree\"\", green\",a plant\n" + kDemo +
                 "/soup.png,soup\n");
  const Ran r = run({"score", "--manifest", folder.file("m.csv"), "--html", folder.file("r.html"),
                     "--histogram", folder.file("h.svg"), "--csv"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("picture,prompt,clip_score,ref_clip_score\r\n"));
  EXPECT_THAT(r.out, HasSubstr("\"a \"\"tree\"\", green\""));
  EXPECT_THAT(read_file(folder.file("r.html")), HasSubstr("src=\"a%20tree.png\""));
  EXPECT_THAT(read_file(folder.file("h.svg")), HasSubstr("</svg>"));
}

TEST(ScoreCommand, SetsEditsAndErrors) {
  const Ran sets = run({"score", kDemo + "/tree.png", kDemo + "/soup.png", "--against", kDemo + "/banjo.png",
                        kDemo + "/milk-carton.png", "--diversity", "--json"});
  ASSERT_EQ(sets.status, 0) << sets.err;
  EXPECT_GT(parsed(sets.out)["cmmd"].get<double>(), 0);
  EXPECT_GT(parsed(sets.out)["vendi"].get<double>(), 1);
  EXPECT_LE(parsed(sets.out)["cmmd_interval"]["low"], parsed(sets.out)["cmmd"]);
  const Ran csv =
      run({"score", kDemo + "/tree.png", kDemo + "/soup.png", "--against", kDemo + "/banjo.png", "--csv"});
  EXPECT_THAT(csv.out, testing::StartsWith("score,value,low,high\r\ncmmd,"));
  const Ran edit = run({"score", "--edit", kDemo + "/tree.png", kDemo + "/soup.png", "a tree", "soup"});
  EXPECT_EQ(edit.status, 0) << edit.err;
  EXPECT_THAT(edit.out, HasSubstr("directional_similarity: 0."));
  EXPECT_EQ(run({"score", picture()}).status, 2);
  EXPECT_EQ(run({"score", picture(), "--pair", "one"}).status, 2);
  const Ran iqa = run({"score", picture(), "--iqa", "qualty"});
  EXPECT_EQ(iqa.status, 2);
  EXPECT_THAT(iqa.err, HasSubstr("quality"));
  const Ran missing = run({"score", picture(), "--aesthetic", "/no/head.pth"});
  EXPECT_EQ(missing.status, 1);
}

TEST(InterrogateCommand, ModesOnTheDefaultModel) {
  const TemporaryFolder folder;
  for (const std::string mode : {"fast", "classic", "best", "negative"}) {
    const Ran r =
        run({"interrogate", kDemo + "/tree.png", "--caption", "a tree", "--mode", mode, "--max-flavors", "2",
             "--min-flavors", "0", "--candidates", "50", "--json", "--cache", folder.path().string()});
    ASSERT_EQ(r.status, 0) << r.err;
    const auto one = parsed(r.out)["pictures"][0];
    EXPECT_EQ(one["mode"], mode);
    if (mode != "negative") {
      EXPECT_THAT(one["prompt"].get<std::string>(), testing::StartsWith("a tree"));
    }
  }
  const Ran lists = run({"interrogate", picture(), "--lists", folder.path().string(), "--caption", "a"});
  EXPECT_EQ(lists.status, 1);
  EXPECT_THAT(lists.err, HasSubstr("clip-interrogator"));
  EXPECT_EQ(run({"interrogate", picture(), "--caption", "a", "--captions", "b"}).status, 2);
}

TEST(TagCommand, SidecarsAreWrittenOnceAndForeignOnesKept) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "p");
  for (const std::string name : {"tree", "soup", "banjo"})
    std::filesystem::copy_file(kDemo + "/" + name + ".png", folder.path() / "p" / (name + ".png"));
  write_file(folder.file("words.txt"), "tree\nsoup\nbanjo\npizza\ncar\n");
  write_file(folder.file("p/soup.png.xmp"), "<x:xmpmeta/>");
  const std::vector<std::string> command = {
      "tag", folder.file("p"), "--vocabulary", folder.file("words.txt"), "--sidecars", "xmp", "--threshold",
      "1",   "--cache",        "off"};
  const Ran first = run(command);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("1 pictures have their sidecar"));
  EXPECT_THAT(read_file(folder.file("p/tree.png.xmp")), HasSubstr("<rdf:li>tree</rdf:li>"));
  EXPECT_EQ(read_file(folder.file("p/soup.png.xmp")), "<x:xmpmeta/>");
  const Ran again = run(command);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.out, "");
  const Ran background =
      run({"tag", folder.file("p/tree.png"), "--background", folder.file("p/tree.png"), "--cache", "off"});
  EXPECT_EQ(background.status, 1);
  EXPECT_THAT(background.err, HasSubstr("holds 1 pictures, expected at least 8"));
  std::vector<std::string> overwriting = command;
  overwriting.emplace_back("--overwrite");
  EXPECT_EQ(run(overwriting).status, 0);
  EXPECT_EQ(read_file(folder.file("p/soup.png.xmp")), "<x:xmpmeta/>") << "what people wrote is kept";
  const Ran txt = run({"tag", folder.file("p/tree.png"), "--vocabulary", folder.file("words.txt"),
                       "--sidecars", "txt", "--threshold", "1", "--json", "--cache", "off"});
  ASSERT_EQ(txt.status, 0) << txt.err;
  EXPECT_EQ(parsed(txt.out)["pictures"][0]["tags"][0]["tag"], "tree");
  EXPECT_THAT(read_file(folder.file("p/tree.txt")), testing::StartsWith("tree"));
}

TEST(ConditionCommand, TensorsForDiffusers) {
  const TemporaryFolder folder;
  const Ran r = run({"condition", "--target", "sd1", "--prompt", "a (red:1.3) fox", "--dialect", "a1111",
                     "-o", folder.file("c.safetensors"), "--json"});
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_TRUE(parsed(r.out)["tensors"].contains("negative_prompt_embeds"));
  EXPECT_THAT(r.err, HasSubstr("768 wide")) << "the default model is no generator's";
  const std::string bytes = read_file(folder.file("c.safetensors"));
  EXPECT_THAT(bytes.substr(8, 40), HasSubstr("prompt_embeds"));
  const Ran npy = run({"condition", "--target", "flux", "--prompt", "a fox", "-o", folder.file("c.npy")});
  EXPECT_EQ(npy.status, 0) << npy.err;
  EXPECT_EQ(read_npy<float>(folder.file("c.pooled_prompt_embeds.npy")).shape[0], 1U);
  EXPECT_EQ(
      run({"condition", "--target", "sdxl", "--prompt", "a", "-o", folder.file("x.safetensors")}).status, 2);
  EXPECT_EQ(run({"condition", "--prompt", "a", "-o", folder.file("x.safetensors")}).status, 2);
  const Ran parse =
      run({"condition", "--prompt", "a (red (fox:1.2))", "--dialect", "comfyui", "--parse", "--json"});
  EXPECT_EQ(parsed(parse.out)["pieces"][2]["weight"], 1.2);
  const std::string blend = "(\"a fox\", \"a wolf\").blend(1, 3)";
  const Ran parts = run({"condition", "--prompt", blend, "--dialect", "compel", "--parse", "--json"});
  EXPECT_EQ(parsed(parts.out)["parts"][0]["prompts"][1]["share"], 0.75);
  EXPECT_EQ(run({"condition", "--target", "sd1", "--prompt", blend, "--dialect", "compel", "-o",
                 folder.file("b.safetensors")})
                .status,
            0);
  const Ran swap = run({"condition", "--target", "sd1", "--prompt", "a cat.swap(dog)", "--dialect", "compel",
                        "-o", folder.file("s.safetensors")});
  EXPECT_EQ(swap.status, 2);
  EXPECT_THAT(swap.err, HasSubstr("cross-attention"));
  EXPECT_EQ(run({"condition", "--target", "sd1", "--prompt", "a", "--downweight", "mask", "-o",
                 folder.file("s.safetensors")})
                .status,
            2);
}

}  // namespace
}  // namespace simdclip::tests
