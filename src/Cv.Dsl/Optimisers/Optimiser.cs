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
    /// Makes the state that belongs to a parameter: <see cref="State"/> leaves named after it, "w/velocity". They are this optimiser's: another one's for the same parameter are
    /// others, and need a name, <see cref="Named"/>, where both meet. The states of the learning rate come last, the count of steps "w/step" among them.
    /// </summary>
    /// <exception cref="GraphException">The node is not a parameter.</exception>
    public ImmutableArray<Expr> Init(Expr parameter)
    {
        Check(parameter);
        return [.. Leaves(parameter).Union(Rate.States(parameter, Taken(parameter)))];
    }

    /// <summary>Gives the same optimiser with states of its own: "w/critic/velocity". For two optimisers that move the same parameters, by two losses in one state, say.</summary>
    /// <param name="name">What its states are called.</param>
    /// <example><code>var second = Optimiser.Adam(1e-3).Named("second");   // w/second/moment1, w/second/moment2, ...</code></example>
    /// <exception cref="GraphException">The name is empty.</exception>
    public virtual Optimiser Named(string name) => this with { Scope = Dsl.Named.Check("optimiser", name) };

    /// <summary>Gives the parameter's next value and that of each state leaf, in the order of <see cref="Init"/>.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">The loss's gradient with respect to it, of its type.</param>
    /// <param name="state">The state before the step, as <see cref="Init"/> made it.</param>
    /// <exception cref="GraphException">The node is not a parameter, or the gradient or the state is not of its type.</exception>
    public (Expr Parameter, ImmutableArray<Expr> State) Update(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        string id = Check(parameter);
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
        int own = Leaves(parameter).Count();
        var (next, nextState) = Step(parameter, gradient, state[..own]);
        var taken = Taken(parameter);
        // what else the rate is computed from is moved by others, or not at all
        return (next, [.. nextState, .. state[own..].Zip(expected[own..], (value, leaf) => leaf == taken ? value + 1.0 : value)]);
    }

    /// <summary>Changes all gradients at once, before any parameter moves; leaves them as they are, unless overridden, as by <see cref="ClipNorm"/>.</summary>
    /// <param name="gradients">The gradient of each parameter.</param>
    public virtual ImmutableArray<Expr> Prepare(ImmutableArray<Expr> gradients) => gradients;

    /// <summary>Gives the state that holds the average of a parameter's values, where the optimiser keeps one, as by <see cref="Average"/>; else null.</summary>
    public virtual Expr? AverageOf(Expr parameter) => null;

    /// <summary>Gives the name that tells its states from another optimiser's; null unless <see cref="Named"/>.</summary>
    protected string? Scope { get; private init; }

    /// <summary>Makes the state leaves of a parameter, by <see cref="Zero"/> and <see cref="Keep"/>; none, unless overridden.</summary>
    protected virtual IEnumerable<Expr> Leaves(Expr parameter) => [];

    /// <summary>Gives the next values. Types were checked.</summary>
    protected abstract (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state);

    /// <summary>Makes a state leaf of the parameter's type, zero at first, named "parameter/part".</summary>
    protected Expr Zero(Expr parameter, string part) => Keep(parameter, part, parameter.Type, fill: 0);

    /// <summary>Makes a state leaf of any type for a parameter, named "parameter/part": a count, a power.</summary>
    protected Expr Keep(Expr parameter, string part, TensorType type, double fill)
    {
        Check(parameter);
        var of = (Dsl.Named)parameter.Op;
        return Expr.OwnedState(
            this,
            of.Identity,
            $"{of.Part}/{(Scope is null ? "" : Scope + "/")}{part}",
            "optimiser.Named(\"second\")",
            type,
            fill
        );
    }

    /// <summary>Gives the state that counts the steps that this optimiser has taken with a parameter, i32[]: "w/step".</summary>
    protected internal virtual Expr Taken(Expr parameter) => Keep(parameter, "step", new(DType.I32, Shape.Scalar), fill: 0);

    /// <summary>Gives the rate of a parameter's next step, a scalar of its dtype; where it changes, it reads <see cref="Taken"/>.</summary>
    protected Expr RateOf(Expr parameter) => Rate.At(Taken(parameter), parameter.DType);

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

    /// <summary>Asks for a parameter, and gives its name.</summary>
    string Check(Expr parameter) =>
        parameter.Op is Parameter p
            ? p.Id
            : throw new GraphException(
                $"{Name}: only a parameter can be trained; got {parameter}. Make one: Expr.Parameter(\"w\", [784, 10])?"
            );

    static string Types(ImmutableArray<Expr> state) => ErrorText.List(state.Select(s => s.Type));

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public sealed override string ToString() => RecordText.Of(GetType().Name, PrintMembers);
}
