using Cv.Dsl;

namespace Cv.Examples.Gates;

static class RunningSum
{
    /// <summary>Adds up along a vector, by code that no composition gives: [N] to [N]. Linear; the gradient adds up from the other end.</summary>
    public static TensorGate Gate { get; } =
        Dsl.Gate.Custom(
            new("running_sum")
            {
                Infer = types => types[0],
                Evaluate = (y, x) => Added(x[0]),
                Vjp = (y, dy) => [dy.Flip(0).Apply(Gate!).Flip(0)],
                IsLinear = true,
            }
        );

    static double[] Added(double[] x)
    {
        double sum = 0;
        return [.. x.Select(v => sum += v)];
    }
}
