namespace Cv.Dsl;

public abstract partial record Schedule
{
    /// <summary>
    /// Rises in a straight line from a part of the peak, and falls along half a wave to 0: <see cref="Linear"/>, then <see cref="Cosine"/>. A high rate in the
    /// middle trains faster and regularises.
    /// </summary>
    /// <param name="peak">The highest rate.</param>
    /// <param name="steps">The number of steps of the whole cycle, at least 2.</param>
    /// <param name="warmUp">The part of the steps that rise, above 0 and less than 1.</param>
    /// <param name="start">The part of the peak that the first step takes, from 0 to 1.</param>
    /// <remarks>Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2018), with the wave in place of the lines down.</remarks>
    /// <example><code>Optimiser.Nesterov(Schedule.OneCycle(0.1, steps: epochs * batches.Count));</code></example>
    /// <exception cref="GraphException">The peak is negative or not finite, the steps are fewer than 2, or a part is out of range.</exception>
    public static Schedule OneCycle(double peak, long steps, double warmUp = 0.2, double start = 0.05)
    {
        const string name = "one_cycle";
        if (steps < 2)
            throw new GraphException($"{name}: the steps must be at least 2, one up and one down; got {steps}. Train longer.");
        if (!(warmUp is > 0 and < 1))
            throw new GraphException($"{name}: the part that rises must be above 0 and less than 1; got {warmUp}. 0.2 is usual.");
        if (!(start is >= 0 and <= 1))
            throw new GraphException($"{name}: the start must be a part of the peak, from 0 to 1; got {start}. 0.05 is usual.");
        long up = Math.Clamp((long)Math.Round(warmUp * steps), 1, steps - 1);
        return Linear(start * Rate(name, peak), peak, up).Then(Cosine(peak, steps - up), after: up);
    }
}
