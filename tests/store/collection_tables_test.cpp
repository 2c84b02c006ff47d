// The tables of an index: what two processes that come at the same moment see and make.
#include "store/collection_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

class Tables : public testing::Test {
 protected:
  std::string index() const { return folder_.file("index"); }
  CollectionInfo info(const std::string& model) const {
    return {index(), "/pictures", 7, model, 3, RowType::f16, true, false};
  }
  static std::vector<FileRecord> one_picture() {
    FileRecord record;
    record.name = "a.png";
    record.size = 1;
    record.hash = {9};
    record.row.resize(6);
    return {record};
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Tables, WhoComesSecondToAnEmptyFileLeavesWhatTheFirstMade) {
  CollectionTables first(index(), Database::Mode::write), second(index(), Database::Mode::write);
  ASSERT_TRUE(first.empty());
  ASSERT_TRUE(second.empty());
  EXPECT_TRUE(first.create(info("first"), false));
  std::vector<FileRecord> records = one_picture();
  first.write(records);
  EXPECT_FALSE(second.create(info("second"), false));
  EXPECT_EQ(second.info().model_name, "first");
  EXPECT_EQ(second.pictures(), 1U);
}

TEST_F(Tables, MadeAnewTheyForgetWhatTheyHeld) {
  CollectionTables tables(index(), Database::Mode::write);
  EXPECT_TRUE(tables.create(info("first"), false));
  std::vector<FileRecord> records = one_picture();
  tables.write(records);
  EXPECT_TRUE(tables.create(info("second"), true));
  EXPECT_EQ(tables.info().model_name, "second");
  EXPECT_EQ(tables.pictures(), 0U);
}

// The mark of an index and its tables appear together: nobody takes a new index for another program's file.
TEST_F(Tables, OpenedWhileAnotherMakesThem) {
  for (int round = 0; round < 40; ++round) {
    const std::string path = index() + std::to_string(round);
    std::atomic<bool> made{false};
    std::string error;
    std::thread maker([&] {
      CollectionTables(path, Database::Mode::write).create(info("maker"), false);
      made = true;
    });
    while (!made && error.empty()) {
      try {
        CollectionTables(path, Database::Mode::write);
      } catch (const std::exception& e) {
        error = e.what();
      }
    }
    maker.join();
    ASSERT_EQ(error, "") << "round " << round;
  }
}

}  // namespace
}  // namespace simdclip::tests
