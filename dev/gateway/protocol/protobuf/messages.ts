/** A field's type: a scalar of protobuf, `enum`, or the name of another message. */
export interface Field {
  name: string;
  id: number;
  type: string;
  /** A map is what it is on the wire: repeated messages of a key and a value. */
  label: 'single' | 'repeated' | 'map';
  /** Members of a oneof are written even when they hold their default, and have none when read. */
  isOneof: boolean;
}

export interface Message {
  byName: ReadonlyMap<string, Field>;
  byId: ReadonlyMap<number, Field>;
}

/**
 * The messages that Kong and a plugin server exchange. `string` is bytes here as in Lua: both are the
 * same on the wire, and Kong never looks whether a string is UTF-8.
 *
 * @see https://github.com/Kong/kong/blob/3.9.3/kong/include/kong/pluginsocket.proto
 */
const DEFINITIONS: Record<string, string> = {
  RpcCall: `int64 sequence 1, oneof CmdStartInstance cmd_start_instance 33,
    oneof CmdCloseInstance cmd_close_instance 35, oneof CmdHandleEvent cmd_handle_event 36`,
  CmdStartInstance: 'string name 1, bytes config 2',
  CmdCloseInstance: 'int32 instance_id 1',
  CmdHandleEvent: 'int32 instance_id 1, string event_name 2',

  RpcReturn: `int64 sequence 1, oneof PluginNames plugin_names 31, oneof PluginInfo plugin_info 32,
    oneof InstanceStatus instance_status 33`,
  PluginNames: 'repeated string names 1',
  PluginInfo: `string name 1, int64 updated_at 2, int64 loaded_at 3, repeated string phases 4,
    string version 5, int32 priority 6, string schema 7`,
  InstanceStatus: 'string name 1, int32 instance_id 2, Value config 3, int64 started_at 4',

  Empty: '',
  Value: `oneof enum null_value 1, oneof double number_value 2, oneof string string_value 3,
    oneof bool bool_value 4, oneof Struct struct_value 5, oneof ListValue list_value 6`,
  ListValue: 'repeated Value values 1',
  Struct: 'map FieldsEntry fields 1',
  FieldsEntry: 'string key 1, Value value 2',

  KV: 'string k 1, Value v 2',
  Bool: 'bool v 1',
  Int: 'int32 v 1',
  Number: 'double v 1',
  String: 'string v 1',
  ByteString: 'bytes v 1',
  ExitArgs: 'int32 status 1, bytes body 2, Struct headers 3',
  Target: 'string host 1, int32 port 2',
  ConsumerSpec: 'string id 1, bool by_username 2',
  AuthenticateArgs: 'Consumer consumer 1, AuthenticatedCredential credential 2',
  RawBodyResult: `oneof bytes content 1, oneof string body_filepath 2, oneof string error 3`,
  UriCapturesResult: 'repeated bytes unnamed 1, map NamedEntry named 2',
  NamedEntry: 'string key 1, bytes value 2',
  Consumer: `string id 1, int64 created_at 2, string username 3, string custom_id 4,
    repeated string tags 5`,
  AuthenticatedCredential: 'string id 1, string consumer_id 2',
  Route: `string id 1, int64 created_at 2, int64 updated_at 3, string name 4,
    repeated string protocols 5, repeated string methods 6, repeated string hosts 7,
    repeated string paths 8, repeated string headers 9, int32 https_redirect_status_code 10,
    int32 regex_priority 11, bool strip_path 12, bool preserve_host 13, repeated string snis 14,
    repeated string sources 15, repeated string destinations 16, repeated string tags 17,
    Key service 18`,
  Service: `string id 1, int64 created_at 2, int64 updated_at 3, string name 4, int32 retries 5,
    string protocol 6, string host 7, int32 port 8, string path 9, int32 connect_timeout 10,
    int32 write_timeout 11, int32 read_timeout 12, repeated string tags 13,
    Key client_certificate 14`,
  Key: 'string id 1',
  MemoryStats: 'DictStatsByName lua_shared_dicts 1, repeated WorkerLuaVm workers_lua_vms 2',
  DictStatsByName: 'DictStats kong 1, DictStats kong_db_cache 2',
  DictStats: 'int64 allocated_slabs 1, int64 capacity 2',
  WorkerLuaVm: 'int64 http_allocated_gc 1, int64 pid 2',
};

const messages = new Map(
  Object.entries(DEFINITIONS).map(([name, text]) => [name, toMessage(text)]),
);

/** @throws Error for a name that is no message of the protocol */
export function messageNamed(name: string): Message {
  const message = messages.get(name);
  if (message === undefined) throw new Error(`there is no message ${name}`);
  return message;
}

function toMessage(text: string): Message {
  const fields = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(toField);
  return {
    byName: new Map(fields.map((field) => [field.name, field])),
    byId: new Map(fields.map((field) => [field.id, field])),
  };
}

function toField(text: string): Field {
  const [, label, type = '', name = '', id] =
    /^(?:(oneof|repeated|map) )?(\w+) (\w+) (\d+)$/.exec(text) ?? [];
  return {
    name,
    id: Number(id),
    type,
    label: label === 'repeated' || label === 'map' ? label : 'single',
    isOneof: label === 'oneof',
  };
}
