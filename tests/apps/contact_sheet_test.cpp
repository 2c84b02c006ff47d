#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/pictures.h"
#include "support/errors.h"
#include "support/paths.h"

namespace simdclip::tests {
namespace {

TEST(ContactSheet, HoldsThumbnailsAndReasons) {
  const TemporaryFolder folder;
  write_text(folder.file("a <&>.ppm"), picture_bytes(1, 500));
  write_text(folder.file("bad.ppm"), "P6\n9 9\n255\nshort");
  const SheetSection sections[] = {
      {"first & last", {{folder.file("a <&>.ppm"), "0.5"}, {folder.file("bad.ppm"), "0.4"}}}, {"empty", {}}};
  write_contact_sheet(folder.file("sheet.html"), "title", sections, {.thumbnail = 100});
  const std::string html = read_text(folder.file("sheet.html"));
  EXPECT_THAT(html, testing::HasSubstr(
                        "<img width=\"100\" height=\"100\" alt=\"\" src=\"data:image/jpeg;base64,/9j/"));
  EXPECT_THAT(html, testing::HasSubstr("a &lt;&amp;&gt;.ppm"));
  EXPECT_THAT(html, testing::HasSubstr("/a%20%3C%26%3E.ppm\""));
  EXPECT_THAT(html, testing::HasSubstr("first &amp; last"));
  EXPECT_THAT(html, testing::HasSubstr("cut off"));
  EXPECT_EQ(html.find("a <&>"), std::string::npos);
  expect_error(ErrorCode::io, [&] { write_contact_sheet(folder.file("none/sheet.html"), "t", sections); });
}

// Every format in the fixtures can be shown.
TEST(ContactSheet, ShowsEveryFixture) {
  const TemporaryFolder folder;
  const FolderPictures found = find_pictures(std::string(kFixtures) + "/image");
  SheetSection section{"all", {}};
  for (const std::string& path : found.pictures) section.pictures.push_back({path, ""});
  write_contact_sheet(folder.file("sheet.html"), "all", std::span(&section, 1), {.thumbnail = 64});
  const std::string html = read_text(folder.file("sheet.html"));
  size_t thumbnails = 0;
  for (size_t at = html.find("<img "); at != std::string::npos; at = html.find("<img ", at + 1)) ++thumbnails;
  EXPECT_GT(thumbnails, 100U);
}

}  // namespace
}  // namespace simdclip::tests
