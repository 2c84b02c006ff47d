#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/cpu.h"
#include "support/errors.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace simdclip {
namespace {

using tests::expect_error;

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (const unsigned threads : {1U, 2U, 3U, 7U, 16U}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const size_t tasks : {0, 1, 2, 3, 6, 7, 8, 100, 1001}) {
      std::vector<std::atomic<int>> counts(tasks);
      pool.parallel_for(tasks, [&](size_t i) { ++counts[i]; });
      for (size_t i = 0; i < tasks; ++i)
        ASSERT_EQ(counts[i], 1) << threads << " threads, task " << i << " of " << tasks;
    }
  }
}

// A thread's tasks are a contiguous range, the same in every call.
TEST(ThreadPool, PartitionIsStaticAndContiguous) {
  ThreadPool pool(4);
  const auto owners = [&pool](size_t tasks) {
    std::vector<std::thread::id> owner(tasks);
    pool.parallel_for(tasks, [&](size_t i) { owner[i] = std::this_thread::get_id(); });
    return owner;
  };
  const auto first = owners(103);
  std::set<std::thread::id> seen;
  for (size_t i = 0; i < first.size(); ++i) {
    if (i == 0 || first[i] != first[i - 1]) {
      EXPECT_TRUE(seen.insert(first[i]).second) << "task " << i;
    }
  }
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_EQ(first[0], std::this_thread::get_id());
  for (int repeat = 0; repeat < 100; ++repeat) ASSERT_EQ(owners(103), first);
}

TEST(ThreadPool, SharesAreEven) {
  ThreadPool pool(7);
  for (const size_t tasks : {1, 6, 7, 8, 13, 14, 15, 100}) {
    std::mutex mutex;
    std::map<std::thread::id, size_t> counts;
    pool.parallel_for(tasks, [&](size_t) {
      const std::lock_guard lock(mutex);
      ++counts[std::this_thread::get_id()];
    });
    for (const auto& [id, count] : counts) EXPECT_LE(count, (tasks + 6) / 7);
  }
}

TEST(ThreadPool, ResultsDoNotDependOnTheNumberOfThreads) {
  const auto compute = [](unsigned threads) {
    ThreadPool pool(threads);
    std::vector<float> out(1000);
    pool.parallel_for(out.size(), [&](size_t i) {
      float sum = 0;
      for (int k = 1; k < 200; ++k)
        sum += std::sin(static_cast<float>(i * 31 + static_cast<size_t>(k))) / static_cast<float>(k);
      out[i] = sum;
    });
    return out;
  };
  const auto one = compute(1);
  for (const unsigned threads : {2U, 3U, 7U, 13U}) {
    const auto many = compute(threads);
    EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)), 0) << threads;
  }
}

TEST(ThreadPool, RethrowsTheLowestTasksException) {
  for (const unsigned threads : {1U, 2U, 3U, 8U}) {
    ThreadPool pool(threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::string message;
      try {
        // The late one is thrown at once, the early one after a while: the order of time does not decide.
        pool.parallel_for(64, [](size_t i) {
          if (i == 5) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            throw std::runtime_error("task 5");
          }
          if (i == 60) throw std::runtime_error("task 60");
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      ASSERT_EQ(message, "task 5") << threads << " threads";
    }
    std::atomic<int> done{0};
    pool.parallel_for(10, [&](size_t) { ++done; });  // and is usable afterwards
    EXPECT_EQ(done, 10);
  }
}

TEST(ThreadPool, EveryTaskMayThrow) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 100; ++repeat)
    EXPECT_THROW(pool.parallel_for(100, [](size_t i) { throw i; }), size_t);
}

TEST(ThreadPool, NestedCallsRunInline) {
  ThreadPool pool(3), other(2);
  std::vector<std::atomic<int>> counts(6 * 5 * 4);
  pool.parallel_for(6, [&](size_t i) {
    const auto id = std::this_thread::get_id();
    pool.parallel_for(5, [&](size_t j) {
      EXPECT_EQ(std::this_thread::get_id(), id);
      other.parallel_for(4, [&](size_t k) {
        EXPECT_EQ(std::this_thread::get_id(), id);
        ++counts[(i * 5 + j) * 4 + k];
      });
    });
  });
  for (const auto& count : counts) EXPECT_EQ(count, 1);
}

TEST(ThreadPool, NestedExceptionsReachTheCaller) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.parallel_for(6,
                                 [&](size_t i) {
                                   pool.parallel_for(3, [i](size_t j) {
                                     if (i == 4 && j == 2) throw std::runtime_error("inner");
                                   });
                                 }),
               std::runtime_error);
}

TEST(ThreadPool, ManyCallersTakeTurns) {
  ThreadPool pool(3);
  std::atomic<size_t> total{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 16; ++caller) {
    callers.emplace_back([&, caller] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<int> seen(37);
        bool thrown = false;
        try {
          pool.parallel_for(seen.size(), [&](size_t i) {
            seen[i] = caller;
            ++total;
            if (repeat % 10 == 9 && i == 36) throw std::runtime_error("planned");
          });
        } catch (const std::runtime_error&) {
          thrown = true;
        }
        EXPECT_EQ(thrown, repeat % 10 == 9);
        for (const int value : seen) EXPECT_EQ(value, caller);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 16U * 50U * 37U);
}

TEST(ThreadPool, ManyPoolsComeAndGo) {
  for (int repeat = 0; repeat < 200; ++repeat) {
    ThreadPool pool(1 + static_cast<unsigned>(repeat) % 5);
    std::atomic<int> done{0};
    if (repeat % 3 != 0) pool.parallel_for(9, [&](size_t) { ++done; });
    EXPECT_EQ(done, repeat % 3 != 0 ? 9 : 0);
  }
}

// Longer pauses than the spin: workers have gone to sleep and must wake.
TEST(ThreadPool, WakesSleepingWorkers) {
  ThreadPool pool(2);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> done{0};
    pool.parallel_for(8, [&](size_t) { ++done; });
    ASSERT_EQ(done, 8);
  }
}

TEST(ThreadPool, MoreThreadsThanCores) {
  ThreadPool pool(4 * usable_cores() + 3);
  std::atomic<size_t> done{0};
  for (int repeat = 0; repeat < 200; ++repeat) pool.parallel_for(50, [&](size_t) { ++done; });
  EXPECT_EQ(done, 200U * 50U);
}

// A caller that flushes denormals or rounds otherwise changes no result, and keeps its own setting.
#if defined(__SSE2__)
TEST(ThreadPool, FloatEnvironmentIsTheDefaultInsideTasks) {
  const unsigned before = _mm_getcsr();
  const unsigned flushing = (before & ~0x3fU) | 0x8040U | 0x6000U;  // FTZ, DAZ, round towards zero
  for (const unsigned threads : {1U, 2U, 4U}) {
    ThreadPool pool(threads);
    std::vector<unsigned> inside(16);
    _mm_setcsr(flushing);
    pool.parallel_for(inside.size(), [&](size_t i) { inside[i] = _mm_getcsr() & ~0x3fU; });
    const unsigned after = _mm_getcsr() & ~0x3fU;
    _mm_setcsr(before);
    for (const unsigned word : inside) EXPECT_EQ(word, 0x1f80U);
    EXPECT_EQ(after, flushing & ~0x3fU);
  }
}
#endif

// Signals of the process are handled by its own threads.
TEST(ThreadPool, WorkersBlockSignals) {
  ThreadPool pool(3);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> blocked{0};
  pool.parallel_for(3, [&](size_t) {
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, nullptr, &set);
    if (std::this_thread::get_id() != caller && sigismember(&set, SIGTERM) == 1) ++blocked;
  });
  EXPECT_EQ(blocked, 2);
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, nullptr, &set);
  EXPECT_EQ(sigismember(&set, SIGTERM), 0);
}

TEST(ThreadPool, RefusesImpossibleSizes) {
  expect_error(ErrorCode::invalid_argument, [] { ThreadPool pool(0); }, {"0 threads"});
  expect_error(ErrorCode::invalid_argument, [] { ThreadPool pool(1025); }, {"1025 threads", "1 to 1024"});
}

}  // namespace
}  // namespace simdclip
