namespace Cv.Compiler;

/// <summary>Says how long one kernel of a function took in each of a number of calls.</summary>
/// <param name="Name">The name that dumps print.</param>
/// <param name="Units">The number of work units.</param>
/// <param name="Threads">The number of threads that share them.</param>
/// <param name="Bytes">The size of all the buffers that it uses; one that is updated in place counts as read and as written.</param>
/// <param name="Microseconds">The time of each call.</param>
sealed record KernelTimes(string Name, long Units, int Threads, long Bytes, double[] Microseconds);
