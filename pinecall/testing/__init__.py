"""Tests of voice agents that read like phone calls: a pytest plugin. It needs the extra ``testing``.

::

    @pytest.fixture
    def mara(pinecall):
        return receptionist.deploy(pinecall)

    def test_books_a_table(mara, caller):
        call = caller.phones("+13186330963")
        call.hears("How can I help")
        call.says("a table for two tonight")
        call.expects_tool("find_tables", party=2)
        call.hangs_up()

pytest finds the plugin by itself; the fixtures are ``pinecall``, ``pinecall_sync``, ``caller``,
``model``, ``tools``, ``clock`` and ``emulator``.
"""
