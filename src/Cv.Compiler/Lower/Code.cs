using System.Linq.Expressions;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>Collects the parameters, addresses and locals of one kernel while an emitter writes it.</summary>
sealed class Code
{
    readonly List<Slot> _slots = [];
    readonly List<Slot> _writes = [];
    readonly Dictionary<Slot, ParameterExpression> _addresses = [];
    readonly List<ParameterExpression> _locals = [];

    public ParameterExpression Slots { get; } = Parameter(typeof(long[]), "slots");
    public ParameterExpression From { get; } = Parameter(typeof(long), "from");
    public ParameterExpression To { get; } = Parameter(typeof(long), "to");
    public ParameterExpression Worker { get; } = Parameter(typeof(long), "worker");

    /// <summary>Gives the local that holds a buffer's address.</summary>
    public ParameterExpression Address(Slot slot, bool write = false)
    {
        if (write && !_writes.Contains(slot))
            _writes.Add(slot);
        if (_addresses.TryGetValue(slot, out var address))
            return address;
        address = Local(typeof(long), $"p{_slots.Count}");
        _slots.Add(slot);
        return _addresses[slot] = address;
    }

    /// <summary>Declares a local.</summary>
    public ParameterExpression Local(Type type, string name)
    {
        var local = Variable(type, name);
        _locals.Add(local);
        return local;
    }

    /// <summary>Declares a local that counts, or tells a place.</summary>
    public ParameterExpression Long(string name) => Local(typeof(long), name);

    /// <summary>Gives the address of scratch memory that is this thread's own.</summary>
    /// <param name="owner">What the memory belongs to.</param>
    /// <param name="purpose">Its name.</param>
    /// <param name="bytes">The bytes of one thread.</param>
    /// <param name="workers">The number of threads.</param>
    public Expression Scratch(object owner, string purpose, long bytes, int workers) =>
        Add(Address(new Slot.Temporary(owner, purpose, bytes * workers), write: true), Times(Worker, bytes));

    /// <summary>Calls a public static method that takes arguments of exactly these types.</summary>
    public static MethodCallExpression Calling(Type holder, string name, params Expression[] arguments) =>
        Call(Methods.Taking(holder, name, [.. arguments.Select(a => a.Type)]), arguments);

    /// <summary>Closes the kernel: reads the addresses, then runs the body.</summary>
    public KernelCode Close(string name, Expression body, long units, double work)
    {
        var lines = _slots
            .Select((slot, i) => (Expression)Assign(_addresses[slot], ArrayIndex(Slots, Constant(i))))
            .Append(body)
            .Append(Empty());
        var tree = Lambda<Kernel>(Block(_locals, lines), name, [Slots, From, To, Worker]);
        return new(name, tree, null, [.. _slots], [.. _writes], units, work);
    }

    /// <summary>Writes a loop that counts <paramref name="index"/> up from where it stands while it is below a bound, by a step; by 0, the body counts.</summary>
    public static Expression While(ParameterExpression index, Expression below, long step, params IEnumerable<Expression> body)
    {
        var end = Label();
        return Loop(
            IfThenElse(LessThan(index, below), Block(step == 0 ? body : [.. body, Assign(index, Plus(index, step))]), Break(end)),
            end
        );
    }

    /// <summary>Writes a loop whose body runs once at least, and again while a test holds.</summary>
    public static Expression DoWhile(Expression test, params IEnumerable<Expression> body)
    {
        var end = Label();
        return Loop(Block([.. body, IfThen(Not(test), Break(end))]), end);
    }

    /// <summary>Takes the smaller of two.</summary>
    public static Expression MinOf(Expression a, Expression b) => Condition(LessThan(a, b), a, b);

    /// <summary>Adds a constant; nothing at all when it is 0.</summary>
    public static Expression Plus(Expression a, long b) =>
        b == 0 ? a
        : a is ConstantExpression { Value: long v } ? Constant(v + b)
        : Add(a, Constant(b));

    /// <summary>Multiplies by a constant; nothing at all when it is 1.</summary>
    public static Expression Times(Expression a, long b) => b == 1 ? a : Multiply(a, Constant(b));
}
