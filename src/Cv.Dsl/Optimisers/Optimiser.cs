using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Says how a parameter moves along its gradient. An optimiser is two pure functions over graphs, init and update: it computes nothing itself, so
/// the update fuses into the training step, and its state is in plain sight.
/// </summary>
/// <param name="Rate">The learning rate. What it is computed from, such as the count of steps, is state that this class adds and moves.</param>
/// <example><code>
/// var momentum = Optimiser.Momentum(0.01);
/// var state = momentum.Init(w);                       // the leaf "w/velocity"
/// var (next, nextState) = momentum.Update(w, dw, state);
/// </code></example>
public abstract partial record Optimiser(LearningRate Rate)
{
    /// <summary>Gives the name that messages print.</summary>
    protected abstract string Name { get; }

    /// <summary>
    /// Makes the state that belongs to a parameter: <see cref="State"/> leaves named after it, "w/velocity". A leaf that all parameters share, a step
    /// counter, comes with each of them and is the same object. The states of the learning rate come last.
    /// </summary>
    /// <exception cref="GraphException">The node is not a parameter.</exception>
    public ImmutableArray<Expr> Init(Expr parameter) => [.. Leaves(parameter, Id(parameter)).Union(Rate.States(parameter))];

    /// <summary>Gives the parameter's next value and that of each state leaf, in the order of <see cref="Init"/>.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">The loss's gradient with respect to it, of its type.</param>
    /// <param name="state">The state before the step, as <see cref="Init"/> made it.</param>
    /// <exception cref="GraphException">The node is not a parameter, or the gradient or the state is not of its type.</exception>
    public (Expr Parameter, ImmutableArray<Expr> State) Update(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        string id = Id(parameter);
        // a scalar would broadcast, and silently move every element alike
        if (gradient.Type != parameter.Type)
            throw new ShapeException(
                $"{Name}: the gradient must have the parameter's type; got {gradient.Type} for \"{id}\" {parameter.Type}. Take it with respect to this parameter."
            );
        var expected = Init(parameter);
        if (!state.Select(s => s.Type).SequenceEqual(expected.Select(s => s.Type)))
            throw new ShapeException(
                $"{Name}: the state of \"{id}\" must be as Init made it; got [{Types(state)}] for [{Types(expected)}]. Call Init with this parameter."
            );
        int own = Leaves(parameter, id).Count();
        var (next, nextState) = Step(parameter, gradient, state[..own]);
        return (next, [.. nextState, .. state[own..].Zip(expected[own..], Next)]);
    }

    /// <summary>Changes all gradients at once, before any parameter moves; leaves them as they are, unless overridden, as by <see cref="ClipNorm"/>.</summary>
    /// <param name="gradients">The gradient of each parameter.</param>
    public virtual ImmutableArray<Expr> Prepare(ImmutableArray<Expr> gradients) => gradients;

    /// <summary>Gives the state that holds the average of a parameter's values, where the optimiser keeps one, as by <see cref="Average"/>; else null.</summary>
    public virtual Expr? AverageOf(Expr parameter) => null;

    /// <summary>Makes the state leaves of a parameter, which bears the name <paramref name="id"/>; none, unless overridden.</summary>
    protected virtual IEnumerable<Expr> Leaves(Expr parameter, string id) => [];

    /// <summary>Gives the next values. Types were checked.</summary>
    protected abstract (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state);

    /// <summary>Makes a state leaf of the parameter's type, zero at first, named "parameter/part".</summary>
    protected static Expr Zero(Expr parameter, string id, string part) =>
        Expr.State($"{id}/{part}", parameter.Shape, fill: 0, parameter.DType);

    /// <summary>Checks a coefficient that must lie in [0, 1).</summary>
    /// <exception cref="GraphException">It does not.</exception>
    protected static double Fraction(string op, string what, double value) =>
        value is >= 0 and < 1
            ? value
            : throw new GraphException($"{op}: {what} must be at least 0 and less than 1; got {value}. 0.9 is usual.");

    /// <summary>Checks a setting that must be a finite number above 0.</summary>
    /// <exception cref="GraphException">It is not.</exception>
    protected static double Above0(string op, string what, double value, string usual) =>
        double.IsFinite(value) && value > 0
            ? value
            : throw new GraphException($"{op}: {what} must be a finite number above 0; got {value}. {usual} is usual.");

    // what else the rate is computed from is moved by others, or not at all
    static Expr Next(Expr state, Expr leaf) => leaf == Schedule.Taken ? state + 1.0 : state;

    string Id(Expr parameter) =>
        parameter.Op is Parameter p
            ? p.Id
            : throw new GraphException(
                $"{Name}: only a parameter can be trained; got {parameter}. Make one: Expr.Parameter(\"w\", [784, 10])?"
            );

    static string Types(ImmutableArray<Expr> state) => string.Join(", ", state.Select(s => s.Type));
}
