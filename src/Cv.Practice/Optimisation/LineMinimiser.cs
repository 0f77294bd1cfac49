using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Chooses a direction from the gradients, looks along it for a step by <see cref="StrongWolfe"/>, and goes there, again and again. Two compiled functions do the work: one looks at a point of
/// the line, one turns to the next direction.
/// </summary>
public abstract record LineMinimiser : Minimiser
{
    const string Length = "minimise/step";

    /// <summary>Gives the search along the line.</summary>
    public StrongWolfe Search { get; init; } = new();

    /// <summary>Gives the next direction, from the vectors that a turn knows, and what it keeps for later.</summary>
    private protected abstract Turn Next(Line line);

    /// <summary>Gives the step to try first, from the direction's slope, the step and slope before it (0 at first), and the gradient's size.</summary>
    private protected abstract double FirstStep(double slope, double stepBefore, double slopeBefore, double gradient);

    private protected override Minimum Run(MinimiserTask task)
    {
        var line = new Line(task.Parameters);
        var turn = Next(line);
        using var state = task.With([.. line.Leaves, .. turn.Keeps.Select(k => k.Target)]);
        var look = LookAt(task, line);
        var next = task.Compile(
            [turn.Direction.Dot(line.Gradient), line.Gradient.Largest()],
            [
                .. line.Start.Becomes(line.Parameters),
                .. line.Before.Becomes(line.Gradient),
                .. line.Direction.Becomes(turn.Direction),
                .. turn.Keeps,
            ]
        );
        task.Compile([], line.Start.Becomes(line.Parameters)).Call(state);

        var length = Tensor.Zeros(Shape.Scalar, DType.F64);
        Binding[] inputs = [.. task.Inputs, new(Length, length)];
        (double Value, double Slope) Look(double step)
        {
            length.AsSpan<double>()[0] = step;
            task.Evaluations++;
            double[] figures = look.Call(state, inputs).Scalars();
            return (figures[0], figures[1]);
        }

        double loss = task.Begin(Look(0).Value, look, state, inputs);
        double stepBefore = 0,
            slopeBefore = 0;
        bool fresh = true;
        while (true)
        {
            if (task.Cancellation.IsCancellationRequested)
                return task.End(MinimumReason.Cancelled, loss);
            double[] figures = next.Call(state).Scalars();
            double slope = figures[0],
                gradient = figures[1];
            if (gradient <= task.Options.GradientTolerance)
                return task.End(MinimumReason.GradientVanished, loss);
            if (task.Next > task.Options.Iterations)
                return task.End(MinimumReason.Iterations, loss);
            var found = Search.Search(Look, loss, slope, FirstStep(slope, stepBefore, slopeBefore, gradient));
            if (found.Last != found.Step)
                Look(found.Step); // brings parameters and gradient there
            double fall = loss - found.Value;
            loss = found.Value;
            task.Note(loss, gradient, found.Step, found.Evaluations);
            if (!found.Found)
            {
                if (fresh && found.Step == 0)
                    return task.End(MinimumReason.NoLowerPoint, loss);
                Forget(state, line, turn);
                (fresh, stepBefore, slopeBefore) = (true, 0, 0);
                continue;
            }
            if (fall <= task.Options.LossTolerance * Math.Abs(loss))
                return task.End(MinimumReason.LossSettled, loss);
            (fresh, stepBefore, slopeBefore) = (false, found.Step, slope);
        }
    }

    /// <summary>Compiles what looks at a point: the parameters go there, and the gradient with them.</summary>
    static CompiledFunction LookAt(MinimiserTask task, Line line)
    {
        var there = line.Start + Expr.Input(Length, Shape.Scalar, DType.F64) * line.Direction;
        var map = task.Parameters.Zip(there.Parts).ToDictionary();
        var loss = task.Loss.Substitute(map);
        var gradient = new ParameterVector([.. Gradient.Of(task.Loss, [.. task.Parameters]).Select(g => g.Substitute(map))]);
        return task.Compile([loss, gradient.Dot(line.Direction)], [.. line.Parameters.Becomes(there), .. line.Gradient.Becomes(gradient)]);
    }

    // the next direction is then straight down, as at first
    static void Forget(ModelState state, Line line, Turn turn)
    {
        foreach (var leaf in (IEnumerable<Expr>)[.. line.Before.Parts, .. line.Direction.Parts, .. turn.Keeps.Select(k => k.Target)])
            state[((State)leaf.Op).Id].Clear();
    }
}

/// <summary>Holds the vectors of a line: the parameters, where the line starts, its direction, the gradient where the parameters stand, and that of the start before.</summary>
sealed class Line(ImmutableArray<Expr> parameters)
{
    public ParameterVector Parameters { get; } = new(parameters);
    public ParameterVector Start { get; } = ParameterVector.States(parameters, "start");
    public ParameterVector Direction { get; } = ParameterVector.States(parameters, "direction");
    public ParameterVector Gradient { get; } = ParameterVector.States(parameters, "gradient");
    public ParameterVector Before { get; } = ParameterVector.States(parameters, "before");

    public IEnumerable<Expr> Leaves => [.. Start.Parts, .. Direction.Parts, .. Gradient.Parts, .. Before.Parts];
}

/// <summary>Says where to go next.</summary>
/// <param name="Direction">The direction.</param>
/// <param name="Keeps">States of the method's own, which are 0 at first, with their next values.</param>
sealed record Turn(ParameterVector Direction, ImmutableArray<(Expr Target, Expr Value)> Keeps);
