#include "base/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/cpu.h"
#include "base/fail.h"
#include "base/float_env.h"

namespace simdclip {
namespace {

constexpr unsigned kMaxThreads = 1024;

// Layers follow each other within microseconds: a thread that sleeps between them pays a wake-up of 5 to 50
// us each time.
constexpr std::chrono::microseconds kSpin{50};

// Set while this thread runs tasks of any pool. Work asked for from there runs inline: waiting for a pool
// that waits for us would never end.
thread_local bool inside_task = false;

void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// A number that threads wait on. std::atomic::wait yields four times before it sleeps (g++ 12): where other
// programs want the core, each of these costs a time slice.
struct alignas(64) Signal {
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};

  // Until `value` is no longer `old`: spins briefly (not at all where other threads need the core), then
  // sleeps.
  void wait_while(uint32_t old, bool spin) noexcept {
    if (spin) {
      const auto end = std::chrono::steady_clock::now() + kSpin;
      do {
        for (int i = 0; i < 16; ++i) {
          if (value.load(std::memory_order_acquire) != old) return;
          relax();
        }
      } while (std::chrono::steady_clock::now() < end);
    }
    // Whoever changes the value looks at the sleepers afterwards: it sees this one, or the kernel sees its
    // value.
    sleepers.fetch_add(1);
    while (value.load(std::memory_order_acquire) == old)
      syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
    sleepers.fetch_sub(1);
  }

  // After a sequentially consistent change of the value.
  void wake(int threads) noexcept {
    if (sleepers.load() != 0) syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
  }
};
static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace

struct ThreadPool::State {
  explicit State(unsigned n) : size(n), spin(n <= usable_cores()), errors(n) {}
  ~State();

  void start();
  void work(unsigned worker);
  void run_share(unsigned worker) noexcept;

  const unsigned size;  // the caller included
  const bool spin;
  std::mutex turn;  // one parallel_for at a time

  // The job, written by the caller before it raises `generation` and read by workers after they see that.
  Task task = nullptr;  // null: stop
  const void* context = nullptr;
  size_t tasks = 0;
  Signal generation;
  Signal busy;                             // workers that have not finished the job
  std::vector<std::exception_ptr> errors;  // of each worker, its first
  std::vector<std::thread> threads;
};

ThreadPool::State::~State() {
  task = nullptr;
  generation.value.fetch_add(1);
  generation.wake(INT_MAX);
  for (std::thread& thread : threads) thread.join();
}

// Signals of the process are for its own threads: ours block them all.
void ThreadPool::State::start() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    threads.reserve(size - 1);
    for (unsigned worker = 1; worker < size; ++worker) {
      threads.emplace_back([this, worker] { work(worker); });
    }
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    fail(ErrorCode::io, "thread ", threads.size() + 1, " of ", size, " could not be started: ", error.what(),
         "; ask for fewer threads");
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ThreadPool::State::work(unsigned worker) {
  for (uint32_t seen = 0;;) {
    generation.wait_while(seen, spin);
    seen = generation.value.load(std::memory_order_acquire);
    if (task == nullptr) return;
    run_share(worker);
    if (busy.value.fetch_sub(1) == 1) busy.wake(1);
  }
}

// Worker w of n does the tasks [tasks * w / n, tasks * (w + 1) / n), without the product that could overflow.
void ThreadPool::State::run_share(unsigned worker) noexcept {
  const size_t quotient = tasks / size, remainder = tasks % size;
  const size_t first = quotient * worker + remainder * worker / size;
  const size_t last = quotient * (worker + 1) + remainder * (worker + 1) / size;
  const DefaultFloatEnvironment environment;
  inside_task = true;
  try {
    for (size_t i = first; i < last; ++i) task(context, i);
  } catch (...) {
    errors[worker] = std::current_exception();
  }
  inside_task = false;
}

ThreadPool::ThreadPool(unsigned threads) {
  if (threads == 0 || threads > kMaxThreads) {
    fail(ErrorCode::invalid_argument, "a pool of ", threads, " threads was asked for; expected 1 to ",
         kMaxThreads);
  }
  state_ = std::make_unique<State>(threads);
  state_->start();
}

ThreadPool::~ThreadPool() = default;

unsigned ThreadPool::size() const noexcept { return state_->size; }

void ThreadPool::run(size_t tasks, Task task, const void* context) {
  if (tasks == 0) return;
  State& s = *state_;
  if (inside_task || s.size == 1) {  // shares nothing, so it needs no turn
    const DefaultFloatEnvironment environment;
    for (size_t i = 0; i < tasks; ++i) task(context, i);
    return;
  }
  const std::lock_guard lock(s.turn);
  s.task = task;
  s.context = context;
  s.tasks = tasks;
  s.busy.value.store(s.size - 1, std::memory_order_relaxed);
  s.generation.value.fetch_add(1);
  s.generation.wake(INT_MAX);
  s.run_share(0);
  for (uint32_t left = 0; (left = s.busy.value.load(std::memory_order_acquire)) != 0;)
    s.busy.wait_while(left, s.spin);
  // The lowest worker's error is the lowest task's: which one is reported does not depend on timing.
  std::exception_ptr first;
  for (std::exception_ptr& error : s.errors) {
    if (error && !first) first = error;
    error = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace simdclip
