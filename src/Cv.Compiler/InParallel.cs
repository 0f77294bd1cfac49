using System.Runtime.ExceptionServices;

namespace Cv.Compiler;

/// <summary>Does independent work of a compilation side by side, on the threads of the runtime's pool.</summary>
static class InParallel
{
    /// <summary>Applies a function to each item, and gives the results in the items' order. The first failure is thrown as it was.</summary>
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> function)
    {
        var results = new TResult[items.Count];
        try
        {
            Parallel.For(0, results.Length, i => results[i] = function(items[i]));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return results;
    }
}
